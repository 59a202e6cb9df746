import { Button, Field, Input, makeStyles, Radio, RadioGroup, Switch } from '@fluentui/react-components';
import { type FormEvent, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import type { GroupRow } from '../../api/contract.ts';
import { useCreateGroup, useGroupRows } from '../../api/enrollment-groups.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Page } from '../../components/page.tsx';
import { paths } from '../../paths.ts';
import { groupIdFrom } from './group-id.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: '20px', maxWidth: '480px' },
  buttons: { display: 'flex', gap: '8px' },
});

/** The form behind + New. Certificates are added after the first save, because they belong to a saved group. */
export function NewGroupPage() {
  const styles = useStyles();
  const navigate = useNavigate();
  const groups = useGroupRows();
  const create = useCreateGroup();
  const nameInput = useRef<HTMLInputElement>(null);
  const [name, setName] = useState('');
  const [isNameMissing, setNameMissing] = useState(false);
  const [automaticallyConnect, setAutomaticallyConnect] = useState(true);
  const [type, setType] = useState<GroupRow['type']>('iot');

  function submit(event: FormEvent) {
    event.preventDefault();
    const displayName = name.trim();
    setNameMissing(displayName === '');
    if (displayName === '') {
      nameInput.current?.focus();
      return;
    }
    const id = groupIdFrom(displayName, groups.data?.map((group) => group.id) ?? []);
    create.mutate(
      { id, automaticallyConnect, body: { displayName, type, enabled: true, attestation: { type: 'x509', x509: {} } } },
      { onSuccess: (group) => navigate(paths.group(group.id)) },
    );
  }

  return (
    <Page
      title="New device connection group"
      crumbs={[
        { label: 'Permissions', to: paths.groups() },
        { label: 'Device connection groups', to: paths.groups() },
      ]}
    >
      <form className={styles.form} onSubmit={submit} noValidate>
        {create.isError && <ErrorMessage title="The group was not saved" error={create.error} />}
        <Field
          label="Name"
          required
          {...(isNameMissing ? { validationMessage: 'Give the group a name, for instance Azure Sphere.' } : {})}
        >
          <Input
            input={{ ref: nameInput }}
            value={name}
            maxLength={256}
            autoComplete="off"
            onChange={(_event, data) => setName(data.value)}
          />
        </Field>
        <Field hint="Off: a new device waits until somebody approves it.">
          <Switch
            label="Automatically connect devices in this group"
            checked={automaticallyConnect}
            onChange={(_event, data) => setAutomaticallyConnect(data.checked)}
          />
        </Field>
        <Field label="Group type">
          <RadioGroup value={type} onChange={(_event, data) => setType(data.value === 'iotEdge' ? 'iotEdge' : 'iot')}>
            <Radio value="iot" label="IoT devices" />
            <Radio value="iotEdge" label="IoT Edge devices" />
          </RadioGroup>
        </Field>
        <Field label="Attestation type" hint="A device proves itself with a certificate from a CA that you upload and verify.">
          <RadioGroup value="x509">
            <Radio value="x509" label="Certificates (X.509)" />
          </RadioGroup>
        </Field>
        <div className={styles.buttons}>
          <Button type="submit" appearance="primary" disabled={create.isPending}>
            Save
          </Button>
          <Button onClick={() => navigate(paths.groups())}>Cancel</Button>
        </div>
      </form>
    </Page>
  );
}
