/** What every error code says: what happened, and what to do about it. */
export type ErrorEntry = { readonly title: string; readonly remedy: string };
