import { Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger, makeStyles } from '@fluentui/react-components';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { HubDevice } from '../../api/contract.ts';
import { usePatchHubDevice } from '../../api/hub-devices.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { paths } from '../../paths.ts';
import { DeleteHubDevice } from './delete-hub-device.tsx';

const useStyles = makeStyles({ frame: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' } });

/** Let it in or keep it out, delete it. */
export function ManageHubDevice({ hub, device }: { hub: string; device: HubDevice }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const patch = usePatchHubDevice(hub, device.id);
  const [isDeleting, setDeleting] = useState(false);
  return (
    <div className={styles.frame}>
      {patch.isError && <ErrorMessage title="The device was not changed" error={patch.error} />}
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <MenuButton>Manage device</MenuButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => patch.mutate({ enabled: !device.enabled })}>
              {device.enabled ? 'Disable' : 'Enable'}
            </MenuItem>
            <MenuItem onClick={() => setDeleting(true)}>Delete</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      {isDeleting && (
        <DeleteHubDevice
          hub={hub}
          id={device.id}
          onClose={() => setDeleting(false)}
          onDeleted={() => void navigate(paths.hubDevices({ hub }), { replace: true })}
        />
      )}
    </div>
  );
}
