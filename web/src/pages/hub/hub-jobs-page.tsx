import { Button, makeStyles } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { ClipboardTaskRegular } from '@fluentui/react-icons/svg/clipboard-task';
import { useState } from 'react';
import type { Hub, HubJob } from '../../api/contract.ts';
import { useCancelHubJob, useHubJobs } from '../../api/hub-jobs.ts';
import { useMay } from '../../api/session.ts';
import { type DetailColumn, DetailTable } from '../../components/detail-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { StateWord, type Tone } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { HubStrip } from './hub-strip.tsx';
import { NewJob } from './new-job.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({ more: { display: 'flex', justifyContent: 'center' } });

const title = 'Jobs';

/** What a hub does to many devices, and how far it is. */
export function HubJobsPage() {
  return <WithHub title={title}>{(hub) => <Jobs key={hub.name} hub={hub} />}</WithHub>;
}

function Jobs({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const jobs = useHubJobs(hub.name);
  const cancel = useCancelHubJob(hub.name);
  const mayWrite = useMay('hub-devices.write');
  const [isOpen, setOpen] = useState(false);
  const loaded = jobs.data?.pages.flatMap(({ json }) => json) ?? [];
  return (
    <Page
      title={title}
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      actions={
        mayWrite && (
          <Button appearance="primary" icon={<AddRegular />} aria-label="+ Create" onClick={() => setOpen(true)}>
            Create
          </Button>
        )
      }
      intro="A job updates the twins of many devices, or calls a method of each. Ended jobs are kept for 30 days."
    >
      <HubStrip hub={hub} />
      {jobs.isError && (
        <ErrorMessage title="The jobs could not be loaded" error={jobs.error} onRetry={() => void jobs.refetch()} />
      )}
      {cancel.isError && <ErrorMessage title="The job was not cancelled" error={cancel.error} />}
      {jobs.isPending && <Loading />}
      {jobs.data && loaded.length === 0 && (
        <TableFrame label={title}>
          <EmptyState
            icon={<ClipboardTaskRegular />}
            title="No job yet"
            {...(mayWrite && { action: <Button onClick={() => setOpen(true)}>Create a job</Button> })}
          >
            What a back end or a person asks for many devices appears here, with what became of each.
          </EmptyState>
        </TableFrame>
      )}
      {loaded.length > 0 && (
        <DetailTable
          label={title}
          columns={columns}
          rows={loaded}
          keyOf={({ jobId }) => jobId}
          nameOf={({ jobId }) => `Job ${jobId}`}
          detail={(job) => <JobDetail hub={hub.name} job={job} />}
          actions={
            mayWrite
              ? (job) =>
                  isUnderWay(job) && (
                    <Button size="small" aria-label={`Cancel ${job.jobId}`} onClick={() => cancel.mutate(job.jobId)}>
                      Cancel
                    </Button>
                  )
              : undefined
          }
        />
      )}
      {jobs.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
            Load more jobs
          </Button>
        </div>
      )}
      {isOpen && <NewJob hub={hub.name} onClose={() => setOpen(false)} />}
    </Page>
  );
}

const tones: Readonly<Record<string, Tone>> = { completed: 'good', failed: 'bad', cancelled: 'warning' };

const columns: readonly DetailColumn<HubJob>[] = [
  { name: 'Job ID', cell: ({ jobId }) => jobId, title: ({ jobId }) => jobId },
  {
    name: 'Type',
    isWide: true,
    cell: ({ type }) => (type === 'scheduleUpdateTwin' ? 'Update twins' : 'Call a direct method'),
  },
  {
    name: 'Status',
    narrowWidth: '122px',
    cell: ({ status }) => <StateWord tone={tones[status] ?? 'quiet'}>{capital(status)}</StateWord>,
  },
  {
    name: 'Devices',
    isWide: true,
    cell: ({ deviceJobStatistics: counts }) =>
      counts.failedCount === 0 ? countWords(counts) : <StateWord tone="warning">{countWords(counts)}</StateWord>,
  },
  { name: 'Created', isWide: true, cell: ({ createdTime }) => <RelativeTime at={createdTime} /> },
];

function JobDetail({ hub, job }: { hub: string; job: HubJob }) {
  // A job's id holds a quotation mark as two.
  const query = `SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '${job.jobId.replaceAll("'", "''")}'`;
  return (
    <>
      {job.failureReason && (
        <StateWord tone="bad" isLong>
          {job.failureReason}
        </StateWord>
      )}
      <RouteLink to={paths.hubQueries({ hub, query })}>What became of each device</RouteLink>
      <JsonView label={`Job ${job.jobId}`} text={JSON.stringify(job, null, 2)} />
    </>
  );
}

function isUnderWay({ status }: HubJob): boolean {
  return status === 'queued' || status === 'scheduled' || status === 'running';
}

function countWords({ deviceCount, succeededCount, failedCount }: HubJob['deviceJobStatistics']): string {
  const failed = failedCount === 0 ? '' : `, ${failedCount} failed`;
  return `${succeededCount} of ${deviceCount} done${failed}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
