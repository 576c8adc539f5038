/** docs/errors.md, made from the error catalogue. */
import { ERROR_CATALOGUE } from '@commonworks/core';

export function errorsPage(): string {
  const rows = Object.entries(ERROR_CATALOGUE)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([code, entry]) => `| \`${code}\` | ${entry.title} | ${entry.remedy} |`);
  return `# Error codes

Made from \`core/error-catalogue.ts\` by \`npx commonworks docs generate\`. Programs match on the code; people read the remedy.

| code | what happened | what to do |
|---|---|---|
${rows.join('\n')}
`;
}
