import type { ComponentChildren } from 'preact';
import { useSignal, type Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Icon } from './icon.tsx';

const kPauseBeforeTrouble = 200;

// What makes a field show a signal and set it.
export function bound(signal: Signal<string>): { value: string; onInput: (text: string) => void } {
  return {
    value: signal.value,
    onInput: (text) => {
      signal.value = text;
    },
  };
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (text: string) => void;
  hint?: ComponentChildren;
  // What is wrong with the value; shown once it was filled and left, or when the form was sent.
  trouble?: string;
  isAsked?: boolean;
  test?: string;
  isMono?: boolean;
  type?: 'text' | 'password';
  autocomplete?: string;
  rows?: number;
  suffix?: string;
  isRequired?: boolean;
  placeholder?: string;
  isDisabled?: boolean;
  hasFocus?: boolean;
}

export function TextField(props: FieldProps) {
  const { label, value, onInput, hint, trouble, isAsked, test, isMono, rows, suffix } = props;
  const autocomplete = props.autocomplete ?? 'off';
  const id = useId();
  const wasLeft = useSignal(false);
  const take = (event: Event) => onInput((event.currentTarget as HTMLInputElement).value);
  const isWrong = Boolean(trouble) && (wasLeft.value || isAsked);
  const common = {
    id,
    value,
    class: isMono ? 'mono' : undefined,
    'data-test': test,
    'aria-invalid': isWrong ? ('true' as const) : undefined,
    'aria-describedby': `${id}-about`,
    required: props.isRequired,
    placeholder: props.placeholder,
    disabled: props.isDisabled,
    spellcheck: false,
    autocapitalize: 'none' as const,
    onInput: take,
    // Some password managers, and programs that drive a browser, tell of a change alone.
    onChange: take,
    // What is below moves down when trouble is shown: not while a click there, which took the focus, is under way.
    onBlur: () => {
      if (value === '') return;
      setTimeout(() => {
        wasLeft.value = true;
      }, kPauseBeforeTrouble);
    },
    ref: (element: HTMLElement | null) => {
      if (element && props.hasFocus && !element.dataset['focused']) {
        element.dataset['focused'] = 'yes';
        element.focus();
      }
    },
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class={suffix ? 'with-suffix' : undefined}>
        {rows ? (
          <textarea rows={rows} {...common} />
        ) : props.type === 'password' ? (
          <input type="password" autocomplete={autocomplete} {...common} />
        ) : (
          <input type="text" autocomplete={autocomplete} {...common} />
        )}
        {suffix && (
          <bdi class="suffix" title={suffix}>
            {suffix}
          </bdi>
        )}
      </div>
      <div id={`${id}-about`} class="about">
        {isWrong ? (
          <span class="trouble">
            <Icon name="bad" />
            {trouble}
          </span>
        ) : (
          hint
        )}
      </div>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: [string, string][];
  onChange: (value: string) => void;
  test?: string;
  hint?: ComponentChildren;
  isDisabled?: boolean;
  isInline?: boolean;
}

export function Choice({ label, value, options, onChange, test, hint, isDisabled, isInline }: ChoiceProps) {
  const id = useId();
  return (
    <div class={isInline ? 'field inline' : 'field'}>
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        data-test={test}
        disabled={isDisabled}
        aria-describedby={hint ? `${id}-about` : undefined}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      {hint && (
        <div id={`${id}-about`} class="about">
          {hint}
        </div>
      )}
    </div>
  );
}

export function Check({
  label,
  isOn,
  onChange,
  test,
  hint,
}: {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  test?: string;
  hint?: string;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isOn}
        data-test={test}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        {label}
        {hint && <span class="about">{hint}</span>}
      </span>
    </label>
  );
}

export function Radios<T extends string>({
  legend,
  name,
  value,
  options,
  onChange,
}: {
  legend: string;
  name: string;
  value: T;
  options: [T, string, string?][];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="radios">
      <legend>{legend}</legend>
      {options.map(([key, text, about]) => (
        <label key={key} class="check">
          <input
            type="radio"
            name={name}
            checked={value === key}
            data-test={`${name}-${key}`}
            onChange={() => onChange(key)}
          />
          <span>
            {text}
            {about && <span class="about">{about}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

export function SearchField({
  label,
  value,
  onInput,
  test,
}: {
  label: string;
  value: string;
  onInput: (text: string) => void;
  test: string;
}) {
  return (
    <div class="search">
      <Icon name="search" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        data-test={test}
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
        onChange={(event) => onInput(event.currentTarget.value)}
      />
    </div>
  );
}

export function FileField({ label, onText, test }: { label: string; onText: (text: string) => void; test: string }) {
  const id = useId();
  const take = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file) onText(await file.text());
    input.value = '';
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="file" data-test={test} onChange={(event) => void take(event)} />
    </div>
  );
}
