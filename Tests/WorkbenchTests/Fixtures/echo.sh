#!/bin/sh
# Echo, in the shell: fields are cut out with sed, and what is echoed may hold no quotation marks.
field() { printf '%s\n' "$line" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }
while IFS= read -r line; do
  case $line in
  *'"type":"init"'* | *'"type": "init"'*)
    me=$(field node_id)
    answer='"type":"init_ok"'
    ;;
  *)
    answer="\"type\":\"echo_ok\",\"echo\":\"$(field echo)\""
    ;;
  esac
  printf '{"src":"%s","dest":"%s","body":{%s,"in_reply_to":%s}}\n' \
    "$me" "$(field src)" "$answer" "$(field msg_id)"
done
