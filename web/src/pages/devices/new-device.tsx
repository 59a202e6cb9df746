import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  Dropdown,
  Field,
  Input,
  makeStyles,
  Option,
} from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { type FormEvent, useState } from 'react';
import { useNavigate } from 'react-router';
import { useDeviceTemplates } from '../../api/device-templates.ts';
import { useCreateDevice } from '../../api/devices.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { useReturnFocus } from '../../components/use-return-focus.ts';
import { paths } from '../../paths.ts';

const useStyles = makeStyles({ fields: { display: 'flex', flexDirection: 'column', gap: '16px' } });

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The + New button of the device list and its dialog. */
export function NewDevice() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button appearance="primary" icon={<AddRegular />} aria-label="+ New" onClick={() => setOpen(true)}>
        New
      </Button>
      {isOpen && <NewDeviceDialog onClose={() => setOpen(false)} />}
    </>
  );
}

function NewDeviceDialog({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const navigate = useNavigate();
  useReturnFocus();
  const create = useCreateDevice();
  const templates = useDeviceTemplates().data ?? [];
  const [fresh] = useState(randomId);
  const [name, setName] = useState(fresh);
  const [id, setId] = useState(fresh);
  const [template, setTemplate] = useState('');
  const problem = id.trim() === '' ? 'A device needs an ID.' : undefined;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (problem) return;
    const body = { displayName: name.trim() === '' ? id.trim() : name.trim(), ...(template === '' ? {} : { template }) };
    create.mutate(
      { id: id.trim(), body },
      {
        onSuccess: (device) => {
          onClose();
          void navigate(paths.device(device.id));
        },
      },
    );
  }

  return (
    <Dialog open onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit} noValidate>
          <DialogBody>
            <DialogTitle>New device</DialogTitle>
            <DialogContent className={styles.fields}>
              {create.isError && <ErrorMessage title="The device was not created" error={create.error} />}
              <Field label="Device name">
                <Input value={name} maxLength={148} onChange={(_event, data) => setName(data.value)} />
              </Field>
              <Field
                label="Device ID"
                required
                hint="What the device calls itself: the common name of its certificate."
                {...(problem ? { validationMessage: problem } : {})}
              >
                <Input value={id} maxLength={128} onChange={(_event, data) => setId(data.value)} />
              </Field>
              <Field label="Device template" hint="Left unassigned, the device gets the template of the model it announces.">
                <Dropdown
                  value={templates.find((known) => known['@id'] === template)?.displayName ?? 'Unassigned'}
                  selectedOptions={[template]}
                  onOptionSelect={(_event, data) => setTemplate(data.optionValue ?? '')}
                >
                  <Option value="">Unassigned</Option>
                  {templates.map((known) => (
                    <Option key={known['@id']} value={known['@id']} text={known.displayName}>
                      {known.displayName}
                    </Option>
                  ))}
                </Dropdown>
              </Field>
            </DialogContent>
            <DialogActions>
              <DialogTrigger disableButtonEnhancement>
                <Button>Cancel</Button>
              </DialogTrigger>
              <Button appearance="primary" disabled={create.isPending} type="submit">
                Create
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
