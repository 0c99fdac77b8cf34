/** Copy what a field holds. */

/** Copy the field's text; false where the browser does not let us. */
export async function copied(field: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // No HTTPS, or an old browser: the way that copies what is selected.
    const before = document.activeElement;
    field.focus();
    field.select();
    const isDone = document.execCommand("copy");
    if (before instanceof HTMLElement) before.focus();
    return isDone;
  }
}
