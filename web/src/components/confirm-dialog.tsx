import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
} from '@fluentui/react-components';
import type { ReactNode } from 'react';

type Props = { isOpen: boolean; title: string; verb: string; children: ReactNode; onConfirm: () => void; onClose: () => void };

/** Asks once before something is destroyed; title and verb name the object. */
export function ConfirmDialog({ isOpen, title, verb, children, onConfirm, onClose }: Props) {
  return (
    <Dialog open={isOpen} modalType="alert" onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>{children}</DialogContent>
          <DialogActions>
            <DialogTrigger disableButtonEnhancement>
              <Button>Cancel</Button>
            </DialogTrigger>
            <Button appearance="primary" onClick={onConfirm}>
              {verb}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
