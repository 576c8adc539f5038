/** What a page shows when it has nothing to show yet, or no longer: loading, empty, failed, forbidden. */
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/api-error.ts';
import type { Resource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Icon, type IconName } from './icons.tsx';

export function Skeleton() {
  return (
    <div class="skeleton" role="status">
      <span class="only-read">{text.state.loading}</span>
      <i />
      <i />
      <i />
      <i />
    </div>
  );
}

export type EmptyProps = {
  readonly icon: IconName;
  readonly title: string;
  readonly body: string;
  /** What to do about it, for those who may. */
  readonly children?: ComponentChildren;
};

export function Empty({ icon, title, body, children }: EmptyProps) {
  return (
    <div class="state">
      <span class="soft">
        <Icon name={icon} size={28} />
      </span>
      <h1>{title}</h1>
      <p class="soft">{body}</p>
      {children}
    </div>
  );
}

/** What happened, what to do, the code to tell an operator. */
export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="state is-error" role="alert">
      <h2>{text.state.errorTitle}</h2>
      <p>{error.message}</p>
      {error.remedy !== '' && <p>{error.remedy}</p>}
      <p class="small">
        {text.state.code} <span class="mono">{error.code}</span>
      </p>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          {text.state.retry}
        </button>
      )}
    </div>
  );
}

/** A refusal beside the button that was pressed. */
export function Refusal({ error }: { error: ApiError | undefined }) {
  if (error === undefined) return null;
  return (
    <div class="refusal" role="alert">
      <strong>{error.message}</strong>
      {error.remedy !== '' && <span class="small">{error.remedy}</span>}
      <span class="small soft mono">{error.code}</span>
    </div>
  );
}

export function Plain({ title, body, children }: { title: string; body: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h1>{title}</h1>
      <p class="soft">{body}</p>
      {children}
    </div>
  );
}

/** Skeleton, failure, or the page with its data; data already shown stays while it is fetched again. */
export function Loaded<T>({ resource, children }: { resource: Resource<T>; children: (data: T) => ComponentChildren }) {
  if (resource.data !== undefined) return <>{children(resource.data)}</>;
  if (resource.error === undefined) return <Skeleton />;
  if (resource.error.status === 403) return <Plain title={text.state.forbiddenTitle} body={text.state.forbiddenBody} />;
  return <Failure error={resource.error} retry={resource.reload} />;
}
