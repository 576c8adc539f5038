/** Cuts a byte stream into lines; survives garbage, NUL, BOM and lines without end. */

export type LineSplitter = (chunk: Uint8Array) => string[];

/** Lines end by CR or LF; empty ones are left out. What is over `lengthMax` without a line end is thrown away. */
export function createLineSplitter(lengthMax = 512): LineSplitter {
  let rest = '';
  let isOverlong = false;
  return (chunk) => {
    // Latin-1: every byte is one character, so nothing can fail to decode.
    const parts = (rest + Buffer.from(chunk).toString('latin1')).split(/[\r\n]/);
    rest = parts.pop() ?? '';
    const lines: string[] = [];
    for (const part of parts) {
      const line = part.replaceAll('\0', '').trim();
      if (!isOverlong && line !== '' && line.length <= lengthMax) lines.push(line);
      isOverlong = false;
    }
    if (rest.length > lengthMax) {
      rest = '';
      isOverlong = true;
    }
    return lines;
  };
}
