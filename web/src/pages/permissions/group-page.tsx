import { Button, Field, Input, makeStyles, Subtitle1, Switch, tokens } from '@fluentui/react-components';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { SaveRegular } from '@fluentui/react-icons/svg/save';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import type { EnrollmentGroup, GroupRow } from '../../api/contract.ts';
import { type CertificateEntry, useDeleteGroup, useGroup, useGroupRows, useSaveGroup } from '../../api/enrollment-groups.ts';
import { useMay } from '../../api/session.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { paths } from '../../paths.ts';
import { GroupCertificate } from './group-certificate.tsx';
import { attestationWords, groupTypeWords } from './group-words.tsx';
import { IdScope } from './id-scope.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: '20px', maxWidth: '480px' },
  section: { display: 'flex', flexDirection: 'column', gap: '16px', maxWidth: '480px' },
  heading: { margin: 0 },
  text: { margin: 0, maxWidth: '72ch', color: tokens.colorNeutralForeground2 },
});

const crumbs = [
  { label: 'Permissions', to: paths.groups() },
  { label: 'Device connection groups', to: paths.groups() },
];

/** One device connection group. */
export function GroupPage() {
  const groupId = useParams().groupId ?? '';
  const group = useGroup(groupId);
  const rows = useGroupRows();
  if (group.isError && !group.data) {
    return (
      <Page title="Device connection group" crumbs={crumbs}>
        <ErrorMessage title="The group could not be loaded" error={group.error} onRetry={() => void group.refetch()} />
      </Page>
    );
  }
  if (!group.data || rows.isPending) return <Loading />;
  return <LoadedGroup key={groupId} group={group.data} row={rows.data?.find((row) => row.id === groupId)} />;
}

function LoadedGroup({ group, row }: { group: EnrollmentGroup; row: GroupRow | undefined }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const mayWrite = useMay('groups.write');
  const mayRefusals = useMay('refusals.read');
  const save = useSaveGroup(group.id);
  const remove = useDeleteGroup(group.id);
  const [name, setName] = useState(group.displayName);
  const [isEnabled, setEnabled] = useState(group.enabled);
  const [automaticallyConnect, setAutomaticallyConnect] = useState(row?.automaticallyConnect ?? true);
  const [open, setOpen] = useState<CertificateEntry>();
  const [isDeleting, setDeleting] = useState(false);

  function saveChanges() {
    if (name.trim() === '') return;
    const body = {
      ...(name.trim() === group.displayName ? {} : { displayName: name.trim() }),
      ...(isEnabled === group.enabled ? {} : { enabled: isEnabled }),
    };
    save.mutate({
      ...(Object.keys(body).length === 0 ? {} : { body }),
      ...(automaticallyConnect === row?.automaticallyConnect ? {} : { automaticallyConnect }),
    });
  }

  return (
    <Page
      title={group.displayName}
      crumbs={crumbs}
      state={group.enabled ? <StateWord tone="good">Enabled</StateWord> : <StateWord tone="quiet">Disabled</StateWord>}
      actions={
        mayWrite && (
          <>
            <Button icon={<DeleteRegular />} onClick={() => setDeleting(true)}>
              Delete group
            </Button>
            <Button appearance="primary" icon={<SaveRegular />} onClick={saveChanges}>
              Save
            </Button>
          </>
        )
      }
    >
      {save.isError && <ErrorMessage title="The group was not saved" error={save.error} />}
      {remove.isError && <ErrorMessage title="The group was not deleted" error={remove.error} />}
      {save.isSuccess && (
        <div role="status">
          <StateWord tone="good">Saved</StateWord>
        </div>
      )}
      <IdScope
        more={[
          { name: 'Group type', value: groupTypeWords(group.type) },
          { name: 'Attestation type', value: attestationWords(group.attestation.type) },
          { name: 'Devices', value: String(row?.deviceCount ?? 0) },
          {
            name: 'Refused',
            value:
              row && row.refusalCount > 0 && !mayRefusals ? (
                `${row.refusalCount} ${row.refusalCount === 1 ? 'time' : 'times'}`
              ) : row && row.refusalCount > 0 ? (
                <RouteLink
                  to={paths.refusals({ group: group.id })}
                >{`${row.refusalCount} ${row.refusalCount === 1 ? 'time' : 'times'}: see why`}</RouteLink>
              ) : (
                'Never'
              ),
          },
        ]}
      />
      <div className={styles.form}>
        <Field label="Name" {...(name.trim() === '' ? { validationMessage: 'A group needs a name.' } : {})}>
          <Input value={name} maxLength={256} readOnly={!mayWrite} onChange={(_event, data) => setName(data.value)} />
        </Field>
        <Field hint="Off: a new device waits until somebody approves it.">
          <Switch
            label="Automatically connect devices in this group"
            checked={automaticallyConnect}
            disabled={!mayWrite}
            onChange={(_event, data) => setAutomaticallyConnect(data.checked)}
          />
        </Field>
        <Field hint="Off: its devices are disconnected and cannot register until it is on again.">
          <Switch
            label="Enabled"
            checked={isEnabled}
            disabled={!mayWrite}
            onChange={(_event, data) => setEnabled(data.checked)}
          />
        </Field>
      </div>
      {group.attestation.type === 'x509' && (
        <section className={styles.section} aria-label="Certificates (X.509)">
          <Subtitle1 as="h2" className={styles.heading}>
            Certificates (X.509)
          </Subtitle1>
          <p className={styles.text}>
            Both certificates are honoured at the same time. To roll over, add and verify the secondary, move the devices, then
            replace the primary.
          </p>
          {(['primary', 'secondary'] as const).map((entry) => (
            <GroupCertificate
              key={entry}
              group={group}
              entry={entry}
              mayWrite={mayWrite}
              isOpen={open === entry}
              onOpen={() => setOpen(entry)}
              onClose={() => setOpen(undefined)}
            />
          ))}
        </section>
      )}
      {isDeleting && (
        <ConfirmDialog
          title={`Delete the group ${group.displayName}?`}
          verb="Delete group"
          onClose={() => setDeleting(false)}
          onConfirm={() => {
            setDeleting(false);
            remove.mutate(undefined, { onSuccess: () => navigate(paths.groups(), { replace: true }) });
          }}
        >
          Its certificates go with it. Its devices are disconnected; they stay in the list, and cannot connect until another group
          lets them register.
        </ConfirmDialog>
      )}
    </Page>
  );
}
