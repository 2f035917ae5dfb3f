// Where the keyboard is: whoever closes something goes on from where they were.

/**
 * Gives the focus back to an element; if that is gone, to the page's main part, so that it is not lost.
 *
 * @param {Element | null} element
 */
export function focusBack(element) {
  const main = document.querySelector("main");
  const wanted = element instanceof HTMLElement && element.isConnected && element !== document.body ? element : main;
  if (wanted === main) main?.setAttribute("tabindex", "-1");
  wanted?.focus({ preventScroll: true });
}
