import {
  Button,
  Field,
  Input,
  makeStyles,
  Subtitle1,
  Switch,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { SaveRegular } from '@fluentui/react-icons/svg/save';
import { type FormEvent, useState } from 'react';
import type { JsonValue, PropertyRow } from '../../api/contract.ts';
import { useProperties, useSetProperties } from '../../api/properties.ts';
import { useMay } from '../../api/session.ts';
import { unitWords } from '../../charts/unit-words.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { PropertySync } from './property-sync.tsx';
import { isStructured, readValue, writeValue } from './property-value.ts';
import { PropertyValueView } from './property-value-view.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: '20px', maxWidth: '560px' },
  property: { display: 'flex', flexDirection: 'column', gap: '4px' },
  heading: { margin: 0 },
  text: { margin: 0, color: tokens.colorNeutralForeground2 },
  value: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  quiet: { color: tokens.colorNeutralForeground3 },
});

export function DeviceProperties({ deviceId }: { deviceId: string }) {
  const properties = useProperties(deviceId);
  if (properties.isError && !properties.data) {
    return (
      <ErrorMessage
        title="The properties could not be loaded"
        error={properties.error}
        onRetry={() => void properties.refetch()}
      />
    );
  }
  if (!properties.data) return <Loading />;
  return <PropertyLists deviceId={deviceId} rows={properties.data} />;
}

function PropertyLists({ deviceId, rows }: { deviceId: string; rows: readonly PropertyRow[] }) {
  const styles = useStyles();
  const writable = rows.filter((row) => row.writable);
  const reported = rows.filter((row) => !row.writable);
  return (
    <>
      {writable.length > 0 && <WritableForm deviceId={deviceId} rows={writable} />}
      <Subtitle1 as="h2" className={styles.heading}>
        Reported by the device
      </Subtitle1>
      {reported.length === 0 ? (
        <p className={styles.text}>The device has not reported a property yet.</p>
      ) : (
        <TableFrame label="Reported properties">
          <Table aria-label="Reported properties">
            <TableHeader>
              <TableRow>
                <TableHeaderCell>Property</TableHeaderCell>
                <TableHeaderCell>Value</TableHeaderCell>
                <TableHeaderCell>Updated</TableHeaderCell>
              </TableRow>
            </TableHeader>
            <TableBody>
              {reported.map((row) => (
                <TableRow key={row.name}>
                  <TableCell>
                    {row.displayName} {!row.modeled && <span className={styles.quiet}>(not in the template)</span>}
                  </TableCell>
                  <TableCell className={styles.value}>
                    <PropertyValueView value={row.reported} unit={row.reported === undefined ? '' : unitWords(row.unit)} />
                  </TableCell>
                  <TableCell>{row.updatedAt ? <RelativeTime at={row.updatedAt} /> : 'Never'}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </TableFrame>
      )}
    </>
  );
}

/** Asks the device for values. A field that was touched keeps what was typed until it is saved. */
function WritableForm({ deviceId, rows }: { deviceId: string; rows: readonly PropertyRow[] }) {
  const styles = useStyles();
  const mayWrite = useMay('devices.write');
  const save = useSetProperties(deviceId);
  const [edits, setEdits] = useState<Readonly<Record<string, string>>>({});
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const edit = (name: string, text: string) => {
    setEdits({ ...edits, [name]: text });
    setProblems({ ...problems, [name]: '' });
  };

  function submit(event: FormEvent) {
    event.preventDefault();
    const values: Record<string, JsonValue> = {};
    const found: Record<string, string> = {};
    for (const row of rows) {
      const text = edits[row.name];
      if (text === undefined) continue;
      const read = readValue(row.schema, text);
      if (read.ok) values[row.name] = read.value;
      else found[row.name] = read.message;
    }
    setProblems(found);
    if (Object.keys(found).length > 0 || Object.keys(values).length === 0) return;
    save.mutate(values, { onSuccess: () => setEdits({}) });
  }

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <div>
        <Button
          type="submit"
          appearance="primary"
          icon={<SaveRegular />}
          disabled={!mayWrite || Object.keys(edits).length === 0 || save.isPending}
        >
          Save
        </Button>
      </div>
      {save.isError && <ErrorMessage title="The properties were not saved" error={save.error} />}
      {rows.map((row) => (
        <div key={row.name} className={styles.property}>
          <PropertyField
            row={row}
            text={edits[row.name] ?? writeValue(row.schema, row.desired ?? row.reported)}
            problem={problems[row.name] ?? ''}
            isDisabled={!mayWrite}
            onEdit={(text) => edit(row.name, text)}
          />
          <PropertySync row={row} />
        </div>
      ))}
    </form>
  );
}

type FieldProps = { row: PropertyRow; text: string; problem: string; isDisabled: boolean; onEdit: (text: string) => void };

function PropertyField({ row, text, problem, isDisabled, onEdit }: FieldProps) {
  const unit = unitWords(row.unit);
  const validation = problem === '' ? {} : { validationMessage: problem };
  if (row.schema === 'boolean') {
    return (
      <Switch
        label={row.displayName}
        checked={text === 'true'}
        disabled={isDisabled}
        onChange={(_event, data) => onEdit(String(data.checked))}
      />
    );
  }
  return (
    <Field label={row.displayName} {...validation}>
      {isStructured(row.schema) ? (
        <Textarea value={text} disabled={isDisabled} resize="vertical" onChange={(_event, data) => onEdit(data.value)} />
      ) : (
        <Input
          value={text}
          disabled={isDisabled}
          {...(unit === '' ? {} : { contentAfter: unit })}
          onChange={(_event, data) => onEdit(data.value)}
        />
      )}
    </Field>
  );
}
