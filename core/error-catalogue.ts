/** Every error code with its meaning and remedy; docs/errors.md is generated from this table. */

export type ErrorEntry = { readonly title: string; readonly remedy: string };

/** Keys are `<area>.<what>`; the area is the folder that throws it. Keep the table sorted by key. */
export const ERROR_CATALOGUE = {
  'core.pack-malformed': {
    title: 'A pack is not valid SenML or lacks its leading pack record',
    remedy: 'Check the sender against docs/topics.md; the bytes are kept among the dead letters.',
  },
  'site.config-invalid': {
    title: 'site.yaml does not match its schema',
    remedy: 'Correct every fault listed; docs/site-config.md explains each setting.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
