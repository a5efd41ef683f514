// What is chosen, in words, and what it leads to.

const SHADES = "Shaded: in blue what may have led to it, in orange what it may have led to.";

class Details {
  constructor(app) {
    this.app = app;
    this.box = document.getElementById("details");
  }

  show(found) {
    const { box, app } = this, { model } = app;
    box.hidden = !found;
    if (!found) return;
    const close = element("button", "close", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close (Esc)");
    close.addEventListener("click", () => app.select(null));
    const parts = [close];
    const say = (title, text) => parts.push(element("h3", "", title), element("pre", "", text));
    const list = (title, hits) => {
      if (!hits.length) return;
      parts.push(element("h3", "", title));
      for (const hit of hits.slice(0, 50)) {
        const button = element("button", "link", (hit.short ?? hit.text.split("\n").slice(0, 2).join(" · ")).slice(0, 160));
        button.type = "button";
        button.addEventListener("click", () => { app.select(hit); app.reveal(hit); });
        parts.push(button);
      }
    };
    const addLost = () => {
      if (app.causes) list("Lost soonest, of what it may have led to", app.lostAfter(4).filter((i) => i !== found.message).slice(0, 3).map((i) => app.lostHit(i)));
    };
    if (found.operation !== undefined) {
      say(`Operation ${model.operations.index[found.operation]} of the history, process ${model.operations.process[found.operation]}`, found.text);
      if (model.messages) {
        list("Its messages", (model.messages.byOperation.get(found.operation) ?? []).map((i) => app.messageHit(i)));
        if (app.causes) parts.push(element("p", "words", SHADES));
        const only = element("button", "", "Show it alone");
        only.type = "button";
        only.addEventListener("click", () => app.setFilter({ only: String(model.operations.index[found.operation]) }));
        parts.push(only);
        addLost();
      }
      this.addSpread([found.operation], parts);
    } else if (found.message !== undefined) {
      say("Message", found.text);
      parts.push(element("p", "words", `${SHADES} All else is faint.`));
      const operation = model.messages.operation[found.message];
      if (operation >= 0) list("It belongs to", [app.operationHit(operation)]);
      addLost();
    } else if (found.operations) {
      list(found.text, found.operations.map((i) => app.operationHit(i)));
      if (!found.operations.length) parts.push(element("h3", "", found.text), element("p", "words", "It was not seen in operations: the filter shows the node's messages."));
      this.addSpread(found.operations, parts);
    } else {
      say("Here", found.text);
      if (found.value !== undefined) this.addValue(found.value, parts);
    }
    box.replaceChildren(...parts);
  }

  /** Where the value of the first of these operations that has one was, and when. */
  addSpread(rows, parts) {
    const { spread, texts, operations } = this.app.model;
    const value = spread ? rows.map((i) => spread.values.indexOf(texts[operations.value[i]])).find((place) => place >= 0) : undefined;
    if (value !== undefined) this.addValue(value, parts);
  }

  addValue(value, parts) {
    const { spread, data } = this.app.model, width = data.nodes.length;
    const lines = data.nodes.map((node, place) => ({ node, seen: spread.seen[value * width + place] }))
      .sort((a, b) => (a.seen < 0 ? 1e12 : a.seen) - (b.seen < 0 ? 1e12 : b.seen))
      .map(({ node, seen }) => `${node.padEnd(6)} ${seen < 0 ? "never seen there" : `${seen} ms after the acknowledgement`}`);
    parts.push(element("h3", "", `Where value ${spread.values[value]} was seen (asked every 20 ms; its way is in Messages)`), element("pre", "", lines.join("\n")));
  }
}

/** The button beside the command that makes the run again. */
function copyCommand() {
  const button = document.getElementById("copy");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const command = document.getElementById("command");
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      button.textContent = "Selected";
    }
  });
}
