// What a person has typed or chosen.

/** The value of the field that an event is about. @param {Event} event */
export const inputOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;
