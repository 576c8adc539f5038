/** The head of a page that stands alone: mark, title, one sentence. */

export function LoneHead({ title, lead }: { title: string; lead: string }) {
  return (
    <div class="stack is-tight">
      <img src="/icon.svg" alt="" width="48" height="48" />
      <h1>{title}</h1>
      <p class="soft">{lead}</p>
    </div>
  );
}
