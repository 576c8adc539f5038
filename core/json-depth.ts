/** How deep a JSON text is nested, before anybody parses it: what walks a value calls itself once for each level. */

/** A pack has three levels, an event's body two more. */
export const JSON_DEPTH_MAX = 16;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [34, 92, 91, 93, 123, 125];

/** One pass over the text; of a text that is no JSON it says something, and the parser says the rest. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInText) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isInText = false;
    } else if (code === QUOTE) isInText = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (depth > JSON_DEPTH_MAX) return true;
  }
  return false;
}
