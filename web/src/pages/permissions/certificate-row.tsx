import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { FolderOpenRegular } from '@fluentui/react-icons/svg/folder-open';
import { SettingsRegular } from '@fluentui/react-icons/svg/settings';
import { useId } from 'react';
import type { SigningCertificate } from '../../api/contract.ts';
import type { CertificateEntry } from '../../api/enrollment-groups.ts';
import { FileButton } from '../../components/file-button.tsx';
import { certificateFileTypes } from './certificate-file.ts';
import { commonNameOf } from './certificate-words.ts';
import { CertificateStateWord } from './group-words.tsx';

const useStyles = makeStyles({
  row: { display: 'flex', flexDirection: 'column', gap: '6px', minWidth: 0 },
  name: { fontWeight: tokens.fontWeightSemibold },
  line: { display: 'flex', alignItems: 'center', flexWrap: 'wrap', gap: '4px', minWidth: 0 },
  box: {
    flex: '1 1 180px',
    display: 'flex',
    alignItems: 'center',
    minWidth: 0,
    minHeight: '32px',
    padding: '0 10px',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  empty: { color: tokens.colorNeutralForeground3 },
  state: { minWidth: '152px', padding: '0 4px' },
});

type Props = {
  entry: CertificateEntry;
  certificate: SigningCertificate | undefined;
  fileName: string | undefined;
  mayWrite: boolean;
  onFile: (file: File) => void;
  onManage: () => void;
  onDelete: () => void;
};

/** One of a group's two certificates: which file it is, how it stands, and what can be done. */
export function CertificateRow({ entry, certificate, fileName, mayWrite, onFile, onManage, onDelete }: Props) {
  const styles = useStyles();
  const labelId = useId();
  const title = entry === 'primary' ? 'Primary' : 'Secondary';
  const shown = fileName ?? (certificate ? commonNameOf(certificate.info.subject) : undefined);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset inside the form's flow brings a border and legend of its own
    <div className={styles.row} role="group" aria-labelledby={labelId}>
      <span id={labelId} className={styles.name}>
        {title}
      </span>
      <div className={styles.line}>
        <span className={styles.box} title={shown}>
          {shown ?? <span className={styles.empty}>No certificate</span>}
        </span>
        {mayWrite && (
          <FileButton
            accept={certificateFileTypes}
            onFile={onFile}
            icon={<FolderOpenRegular />}
            aria-label={`Choose file for the ${entry} certificate`}
          />
        )}
        {certificate && (
          <Button
            icon={<SettingsRegular />}
            aria-label={`Manage ${entry} certificate`}
            title={`Manage ${entry} certificate`}
            onClick={onManage}
          />
        )}
        {certificate && mayWrite && (
          <Button
            icon={<DeleteRegular />}
            aria-label={`Delete ${entry} certificate`}
            title={`Delete ${entry} certificate`}
            onClick={onDelete}
          />
        )}
      </div>
      <div className={styles.line}>
        {certificate && (
          <span className={styles.state}>
            <CertificateStateWord state={certificate.verified ? 'Verified' : 'Unverified'} />
          </span>
        )}
        <Button appearance="subtle" icon={<AddRegular />} aria-label={`+ Manage ${entry}`} onClick={onManage}>
          Manage {entry}
        </Button>
      </div>
    </div>
  );
}
