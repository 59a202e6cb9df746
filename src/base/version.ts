/** The version of this release; package.json says the same, and a test compares them. */
export const productVersion = '0.1.0';
