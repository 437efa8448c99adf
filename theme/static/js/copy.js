// A button that copies a block of code. It is made here, so that without JavaScript none is there to do nothing.
for (const block of navigator.clipboard ? document.querySelectorAll(".highlight") : []) {
  const button = document.createElement("button"), said = document.createElement("span");
  button.type = "button";
  button.className = "copy";
  said.role = "status";
  button.append("Copy", said);
  button.onclick = async () => {
    const code = block.querySelector("code").cloneNode(true);
    // Prompts and what a command answered are not to be typed.
    for (const part of code.querySelectorAll(".gp, .go")) part.remove();
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = "Copied";
    } catch {
      said.textContent = "The browser does not allow it";
    }
    setTimeout(() => said.replaceChildren(), 2000);
  };
  block.append(button);
}
