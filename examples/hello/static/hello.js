// Says how many characters are left. HTMX replaces the form, so the document listens.
function showLeft(field) {
  const output = document.querySelector(`[data-hello-left="${field.id}"]`);
  if (output) {
    output.textContent = `${field.maxLength - field.value.length}`;
  }
}

document.addEventListener("input", (event) => {
  if (event.target instanceof HTMLTextAreaElement && event.target.maxLength > 0) {
    showLeft(event.target);
  }
});

for (const field of document.querySelectorAll("#hello-board textarea")) {
  showLeft(field);
}
