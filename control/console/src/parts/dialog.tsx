import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Doing } from '../load.ts';
import { asciiName, visible, withDot, withoutDot } from '../text.ts';
import { Button, IconButton } from './basics.tsx';
import { bound, TextField } from './field.tsx';
import { Failure } from './states.tsx';

interface DialogProps {
  title: ComponentChildren;
  children: ComponentChildren;
  // Without it, the dialog cannot be left.
  onClose?: () => void;
  isWide?: boolean;
  test?: string;
}

export function Dialog({ title, children, onClose, isWide, test }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    // showModal focuses what comes first; a field that wants the focus gets it.
    shown?.querySelector<HTMLElement>('[data-focused]')?.focus();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose?.();
  };
  return (
    <dialog ref={dialog} class={isWide ? 'wide' : undefined} aria-labelledby={id} onCancel={cancel} data-test={test}>
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        {onClose && <IconButton icon="close" label="Close" onClick={onClose} />}
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

export function DialogActions({ children }: { children: ComponentChildren }) {
  return <div class="dialog-actions">{children}</div>;
}

interface FormDialogProps extends DialogProps {
  onClose: () => void;
  onSubmit: () => void;
  doing: Doing;
  act: string;
  actTest: string;
}

// A form in a dialog: what is wrong with the last try stands below its fields, and then what can be done.
export function FormDialog({ onSubmit, doing, act, actTest, children, ...dialog }: FormDialogProps) {
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog {...dialog}>
      <form onSubmit={submit} noValidate class="stack">
        {children}
        {doing.error !== undefined && <Failure error={doing.error} />}
        <DialogActions>
          <Button onClick={dialog.onClose}>Cancel</Button>
          <Button type="submit" look="main" isBusy={doing.isBusy} test={actTest}>
            {act}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  act: string;
  onAct: () => void;
  onClose: () => void;
  doing: Doing;
  // What has to be typed before the act can be done.
  typed?: string;
  isDanger?: boolean;
  test?: string;
}

// Asks before an act; a destructive one wants the name of what it destroys.
export function Confirm({ title, children, act, onAct, onClose, doing, typed, isDanger, test }: ConfirmProps) {
  const name = useSignal('');
  const isMeant = typed === undefined || isSameName(name.value, typed);
  const submit = (event: Event) => {
    event.preventDefault();
    if (isMeant) onAct();
  };
  return (
    <Dialog title={title} onClose={onClose} test={test ?? 'confirm'}>
      <form onSubmit={submit}>
        {children}
        {typed !== undefined && (
          <TextField label={`Type ${visible(withoutDot(typed))} to confirm`} {...bound(name)} test="confirm-name" />
        )}
        {doing.error !== undefined && <Failure error={doing.error} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look={isDanger ? 'danger' : 'main'}
            isDisabled={!isMeant}
            isBusy={doing.isBusy}
            test="confirm-act"
          >
            {act}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function isSameName(typed: string, name: string): boolean {
  const plain = (text: string) => withDot(asciiName(text.trim())).toLowerCase();
  return typed.trim() !== '' && plain(typed) === plain(name);
}
