import { Button, Copy, Notice } from './basics.tsx';
import { Dialog, DialogActions } from './dialog.tsx';

// A secret that axfrd does not tell a second time.
export function Secret({
  title,
  what,
  secret,
  onClose,
}: {
  title: string;
  what: string;
  secret: string;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} test="secret">
      <Notice tone="warning">This is shown once. Copy it to where it is needed before you close this.</Notice>
      <p class="secret">
        <code data-test="secret-text">{secret}</code>
        <Copy text={secret} what={what} />
      </p>
      <DialogActions>
        <Button look="main" onClick={onClose} test="secret-close">
          I have it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
