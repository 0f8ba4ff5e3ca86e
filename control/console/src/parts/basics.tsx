import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { visible, unicodeName, withoutDot } from '../text.ts';
import { Icon, type IconName } from './icon.tsx';
import { say } from './outcome.tsx';

// A text that others chose: isolated, so that it reorders nothing around it.
export function Foreign({ text }: { text: string }) {
  return <bdi>{visible(text)}</bdi>;
}

// A domain name, in Unicode with its A-labels below if the two differ.
export function Name({ name, isShort }: { name: string; isShort?: boolean }) {
  const shown = withoutDot(name);
  const unicode = unicodeName(shown);
  const title = visible(unicode ? `${unicode} (${shown})` : shown);
  return (
    <span class={isShort ? 'name short' : 'name'} title={title}>
      <bdi>{unicode ?? visible(shown)}</bdi>
      {unicode && <bdi class="alabel">{visible(shown)}</bdi>}
    </span>
  );
}

export type Tone = 'ok' | 'warning' | 'bad' | 'info' | 'off' | 'behind';

export function Chip({ tone, children, test }: { tone: Tone; children: ComponentChildren; test?: string }) {
  return (
    <span class={`chip ${tone}`} data-test={test}>
      <Icon name={tone} />
      <span>{children}</span>
    </span>
  );
}

interface ButtonProps {
  children: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  icon?: IconName;
  look?: 'main' | 'danger' | 'quiet';
  type?: 'button' | 'submit';
  isDisabled?: boolean;
  isBusy?: boolean;
  test?: string;
  label?: string;
  isPressed?: boolean;
}

export function Button({
  children,
  onClick,
  icon,
  look,
  type = 'button',
  isDisabled,
  isBusy,
  test,
  label,
  isPressed,
}: ButtonProps) {
  return (
    <button
      type={type}
      class={`button ${look ?? ''}`}
      onClick={onClick}
      disabled={isDisabled || isBusy}
      aria-busy={isBusy ? 'true' : undefined}
      data-test={test}
      aria-label={label}
      aria-pressed={isPressed}
    >
      {isBusy ? <span class="spinner" /> : icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}

export function IconButton({
  icon,
  label,
  onClick,
  test,
  isDisabled,
}: {
  icon: IconName;
  label: string;
  onClick: () => void;
  test?: string;
  isDisabled?: boolean;
}) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={visible(label)}
      title={visible(label)}
      onClick={onClick}
      data-test={test}
      disabled={isDisabled}
    >
      <Icon name={icon} />
    </button>
  );
}

export function Copy({ text, what }: { text: string; what: string }) {
  const done = useSignal(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      done.value = true;
      say(`${what} copied.`);
      setTimeout(() => {
        done.value = false;
      }, 2000);
    } catch {
      say(`The browser did not allow copying. Select the text and copy it by hand.`, 'bad');
    }
  };
  return <IconButton icon={done.value ? 'ok' : 'copy'} label={`Copy ${what}`} onClick={() => void copy()} />;
}

// The page's heading. It takes the focus when the page is entered, so that a screen reader starts there.
export function Heading({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${visible(title)} · axfrd`;
  }, [title]);
  return (
    <div class="heading">
      <h1 tabIndex={-1} ref={heading}>
        {children ?? visible(title)}
      </h1>
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

export function Card({
  title,
  children,
  actions,
  test,
  look,
}: {
  title?: ComponentChildren;
  children: ComponentChildren;
  actions?: ComponentChildren;
  test?: string;
  look?: string;
}) {
  return (
    <section class={`card ${look ?? ''}`} data-test={test}>
      {title && (
        <div class="card-head">
          <h2>{title}</h2>
          {actions && <div class="actions">{actions}</div>}
        </div>
      )}
      {children}
    </section>
  );
}

export function Notice({ tone, children, test }: { tone: Tone; children: ComponentChildren; test?: string }) {
  return (
    <div class={`notice ${tone}`} data-test={test}>
      <Icon name={tone} />
      <div>{children}</div>
    </div>
  );
}

// Pairs of a term and what it is.
export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Fact({ term, children }: { term: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Code({ text, what }: { text: string; what: string }) {
  return (
    <div class="code">
      <pre tabIndex={0} aria-label={what}>
        {visible(text)
          .replace(/\\u000A/g, '\n')
          .replace(/\\u0009/g, '  ')}
      </pre>
      <Copy text={text} what={what} />
    </div>
  );
}
