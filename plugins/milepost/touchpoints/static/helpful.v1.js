// "Was this helpful?": the question is shown only where an answer can be sent, and tells the journey script of it.
(() => {
  for (const form of document.querySelectorAll("form[data-helpful]")) {
    const [question, more, thanks] = ["question", "more", "thanks"].map((part) => form.querySelector(`[data-${part}]`));
    let answer = "";
    const tell = () => {
      const comment = form.elements.comment.value.trim().replace(/\s+/g, " ").slice(0, 300);
      const data = comment ? { answer, comment } : { answer };
      if (answer) document.dispatchEvent(new CustomEvent("milepost", { detail: ["helpful", data] }));
      answer = "";
    };
    form.hidden = false;
    form.addEventListener("click", ({ target }) => {
      if (!target.value) return;
      answer = target.value;
      question.hidden = true;
      more.hidden = false;
      form.elements.comment.focus();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      tell();
      more.hidden = true;
      thanks.hidden = false;
      thanks.focus();
    });
    // Who answered and goes on without a sentence has answered; before the journey script sends what it has.
    document.addEventListener("visibilitychange", tell, true);
    addEventListener("pagehide", tell, true);
  }
})();
