import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  Field,
  Input,
  Menu,
  MenuButton,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
} from '@fluentui/react-components';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { DeviceRow } from '../../api/contract.ts';
import { useDeleteDevice, usePatchDevice } from '../../api/devices.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { paths } from '../../paths.ts';

const useStyles = makeStyles({
  frame: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  content: { display: 'flex', flexDirection: 'column', gap: '12px' },
});

/** Rename, approve or block, delete. */
export function ManageDevice({ device }: { device: DeviceRow }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const patch = usePatchDevice(device.id);
  const remove = useDeleteDevice(device.id);
  const [open, setOpen] = useState<'rename' | 'delete'>();
  const close = () => setOpen(undefined);
  const isWaiting = device.status === 'Waiting for approval';
  const isBlocked = device.status === 'Blocked';
  const failure = remove.error ?? (open === 'rename' ? null : patch.error);
  return (
    <div className={styles.frame}>
      {failure && <ErrorMessage title="The device was not changed" error={failure} />}
      {isWaiting && (
        <Button appearance="primary" disabled={patch.isPending} onClick={() => patch.mutate({ enabled: true })}>
          Approve
        </Button>
      )}
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <MenuButton>Manage device</MenuButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => setOpen('rename')}>Rename</MenuItem>
            {isBlocked ? (
              <MenuItem onClick={() => patch.mutate({ enabled: true })}>Unblock</MenuItem>
            ) : (
              <MenuItem onClick={() => patch.mutate({ enabled: false })}>Block</MenuItem>
            )}
            <MenuItem onClick={() => setOpen('delete')}>Delete</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      {open === 'rename' && <RenameDialog device={device} patch={patch} onClose={close} />}
      {open === 'delete' && (
        <ConfirmDialog
          title={`Delete ${device.displayName}?`}
          verb="Delete device"
          onClose={close}
          onConfirm={() => {
            close();
            remove.mutate(undefined, { onSuccess: () => navigate(paths.devices(), { replace: true }) });
          }}
        >
          The device, its properties and its identity in the hub are removed. While its credentials are still good and its group
          connects devices automatically, it comes back the next time it connects: block it to keep it out.
        </ConfirmDialog>
      )}
    </div>
  );
}

function RenameDialog({
  device,
  patch,
  onClose,
}: {
  device: DeviceRow;
  patch: ReturnType<typeof usePatchDevice>;
  onClose: () => void;
}) {
  const styles = useStyles();
  const [name, setName] = useState(device.displayName);
  const isEmpty = name.trim() === '';
  return (
    <Dialog open onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Rename device</DialogTitle>
          <DialogContent className={styles.content}>
            {patch.isError && <ErrorMessage title="The device was not renamed" error={patch.error} />}
            <Field label="Device name" {...(isEmpty ? { validationMessage: 'A device needs a name.' } : {})}>
              <Input value={name} maxLength={148} onChange={(_event, data) => setName(data.value)} />
            </Field>
          </DialogContent>
          <DialogActions>
            <DialogTrigger disableButtonEnhancement>
              <Button>Cancel</Button>
            </DialogTrigger>
            <Button
              appearance="primary"
              disabled={isEmpty || patch.isPending}
              onClick={() => patch.mutate({ displayName: name.trim() }, { onSuccess: onClose })}
            >
              Rename
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
