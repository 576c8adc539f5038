/** Labelled fields: the label above, always visible. */
import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';

export function Field({ label, children }: { label: string; children: (id: string) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}

export type TextFieldProps = {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly input?: InputHTMLAttributes;
};

export function TextField({ label, value, change, input = {} }: TextFieldProps) {
  return (
    <Field label={label}>
      {(id) => (
        <input id={id} required value={value} onInput={(event) => change(event.currentTarget.value)} {...input} />
      )}
    </Field>
  );
}

export type ChoiceProps = {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly choose: (value: string) => void;
};

export function Choice({ label, value, options, choose }: ChoiceProps) {
  return (
    <Field label={label}>
      {(id) => (
        <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value)}>
          {options.map(([each, title]) => (
            <option key={each} value={each}>
              {title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
