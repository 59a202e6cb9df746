import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { FolderOpenRegular } from '@fluentui/react-icons/svg/folder-open';
import { useState } from 'react';
import type { RevocationLists } from '../../api/contract.ts';
import type { CertificateEntry } from '../../api/enrollment-groups.ts';
import { useRevocationList, useUploadRevocationList } from '../../api/revocation-lists.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { FileButton } from '../../components/file-button.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { exactWords } from '../../components/time-words.ts';
import { type Fact, FactList } from './certificate-facts.tsx';
import { encodeRevocationListFile, revocationListFileTypes } from './certificate-file.ts';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: '12px' },
  text: { margin: 0, maxWidth: '72ch', color: tokens.colorNeutralForeground2 },
});

type Props = { groupId: string; entry: CertificateEntry; mayWrite: boolean };

/** What the CA has taken back: the list at hand, and the button that brings the next one. */
export function RevocationList({ groupId, entry, mayWrite }: Props) {
  const styles = useStyles();
  const lists = useRevocationList(groupId, entry);
  const upload = useUploadRevocationList(groupId, entry);
  const [fileError, setFileError] = useState<unknown>();

  async function send(file: File) {
    setFileError(undefined);
    upload.reset();
    try {
      upload.mutate({ list: encodeRevocationListFile(new Uint8Array(await file.arrayBuffer())) });
    } catch (error) {
      setFileError(error);
    }
  }

  const failure = fileError ?? upload.error;
  const { value = [], source } = lists.data ?? {};
  return (
    <section className={styles.section} aria-label="Revocation list">
      <Subtitle2 as="h3">Revocation list</Subtitle2>
      {lists.isError && <ErrorMessage title="The revocation list is not shown" error={lists.error} />}
      {failure != null && <ErrorMessage title="The list was not accepted" error={failure} />}
      {lists.data && value.length === 0 && (
        <p className={styles.text}>
          None. Devices whose certificates stand on the list of this CA are disconnected at once and not let in again.
        </p>
      )}
      {value.map((list) => (
        <FactList key={list.thisUpdate} facts={factsOf(list)} />
      ))}
      {source && <FactList facts={sourceFacts(source)} />}
      {mayWrite && (
        <FileButton
          accept={revocationListFileTypes}
          icon={<FolderOpenRegular />}
          disabled={upload.isPending}
          onFile={(file) => void send(file)}
        >
          Upload revocation list
        </FileButton>
      )}
    </section>
  );
}

function factsOf({ thisUpdate, nextUpdate, hasEnded, entries, addedBy }: RevocationLists['value'][number]): Fact[] {
  return [
    { name: 'Revoked certificates', value: String(entries) },
    { name: 'Issued', value: exactWords(Date.parse(thisUpdate)) },
    ...(nextUpdate ? [{ name: 'Next list', value: nextWords(nextUpdate, hasEnded) }] : []),
    { name: 'From', value: addedBy },
  ];
}

function nextWords(nextUpdate: string, hasEnded: boolean) {
  const words = exactWords(Date.parse(nextUpdate));
  if (!hasEnded) return words;
  return <StateWord tone="bad">{`Overdue since ${words}`}</StateWord>;
}

function sourceFacts({ url, askedAt, failure }: NonNullable<RevocationLists['source']>): Fact[] {
  const at = askedAt ? ` at ${exactWords(Date.parse(askedAt))}` : '';
  return [
    { name: 'Fetched from', value: url },
    ...(failure ? [{ name: 'Last attempt', value: <StateWord tone="bad">{`Failed${at}: ${failure}`}</StateWord> }] : []),
  ];
}
