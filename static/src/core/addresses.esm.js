/** A web address, without the punctuation of the sentence around it. */
const ADDRESS = /(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]])/;

/**
 * @param {String} body
 * @returns {{text: String, isAddress: Boolean}[]} web addresses apart from the rest
 */
export function splitAddresses(body) {
    return body
        .split(ADDRESS)
        .map((text, index) => ({text, isAddress: index % 2 === 1}));
}
