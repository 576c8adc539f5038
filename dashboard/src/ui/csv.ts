/** A table as a CSV file, made in the browser from what is on screen. */

/** RFC 4180: quotes where needed, CRLF line ends. Missing stays empty, never zero. */
export function toCsv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  const textValue = value === null ? '' : String(value);
  return /[",\r\n]/.test(textValue) ? `"${textValue.replaceAll('"', '""')}"` : textValue;
}

export function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser takes the blob over in the same task; later is early enough to free it.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
