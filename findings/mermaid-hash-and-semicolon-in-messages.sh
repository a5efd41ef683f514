#!/usr/bin/env bash
# Mermaid 11.16.0 (PyPI: artoo-mermaid), the sequence diagrams that documents of protocols are full of: the messages "append #7" and "ack; n1->>n0: retry". Guessed:
# what stands after the colon is the message, or an error. Seen: the hash cuts the first one short, to "append", without a word, for it begins a
# comment; and the semicolon ends the second, so that the diagram shows a third message that was meant as words. "ack; then retry" is an error.
# "%%", which begins a comment elsewhere, is part of the message. Write #35; for a hash and a comma for a semicolon.
# Bears on us: the diagrams of docs/PROTOCOLS.md have neither sign in a message.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv v
v/bin/pip download -q --disable-pip-version-check --no-deps --python-version 3.14 --only-binary=:all: artoo-mermaid==11.16.0
python3 -m zipfile -e artoo_mermaid-11.16.0-*.whl .
command -v node >/dev/null || { echo "needs node (Debian: nodejs)" >&2; exit 2; }
cat > messages.js <<'JS'
const nothing = () => {};
globalThis.window = globalThis;
globalThis.addEventListener = nothing;
globalThis.document = {nodeType: 9, addEventListener: nothing, querySelectorAll: () => [], createElement: () => ({style: {}, setAttribute: nothing})};
require("vm").runInThisContext(require("fs").readFileSync(process.argv[2], "utf8"));
const messages = async text => {
  try {
    await mermaid.parse("sequenceDiagram\n" + text);
    const diagram = await mermaid.mermaidAPI.getDiagramFromText("sequenceDiagram\n" + text);
    return diagram.db.getMessages().map(message => message.message);
  } catch (error) {
    return String(error).includes("Parse error") ? "error" : String(error);
  }
};
(async () => {
  mermaid.initialize({startOnLoad: false});
  const texts = ["n0->>n1: append #7", "n1->>n0: ack; n1->>n0: retry", "n1->>n0: ack; then retry", "n0->>n1: append %% 7"];
  const seen = [];
  for (const text of texts) seen.push(await messages(text));
  console.log(JSON.stringify(seen));
})();
JS
seen=$(node messages.js "$(find . -name mermaid.min.js)")
echo "$seen"
[ "$seen" = '[["append"],["ack","retry"],"error",["append %% 7"]]' ]
