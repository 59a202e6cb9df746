import { minuteMs, secondMs } from '#base/instant.ts';
import { localPacketBytesMax } from '../broker/limits.ts';

/** Commands that are kept, under way or ended and not cleared. Above it new ones fail; the oldest that ended make room. */
export const commandsKeptMax = 100;
/** What is asked for. */
export const requestBytesMax = 256 * 1024;
/** A command with its result: a packet, less the longest topic. */
export const commandBytesMax = localPacketBytesMax - 66 * 1024;
/** What waits for the local broker on one connection. */
export const agentQueue = { messagesMax: 1_000, bytesMax: 16 * 1024 * 1024 } as const;
/** Characters of a reason: it goes into a twin, whose texts have a limit as well. */
export const reasonCharactersMax = 1_000;
/** How often the lists of files and plugins are looked at again. */
export const capabilityCheckMs = minuteMs;
/** How long `stop` waits until the broker has taken the last word. */
export const farewellMsMax = 2 * secondMs;
/** How long the machine may take to go down, as in the original. */
export const restartMsMax = 5 * minuteMs;

/** The lists of files and their types. */
export const listBytesMax = 256 * 1024;
export const listEntriesMax = 500;
/** A configuration, either way. */
export const configurationBytesMax = 1024 * 1024;
/** A log as uploaded; of more lines, the newest. */
export const logBytesMax = 8 * 1024 * 1024;
/** How far back one file of a log is read. */
export const logTailBytesMax = 32 * 1024 * 1024;
export const logFilesMax = 200;
export const logLinesDefault = 1_000;
export const logLinesMax = 100_000;

export const pluginsMax = 50;
export const modulesMax = 1_000;
/** What a plugin may say: names and versions of all that is installed. */
export const pluginOutputBytesMax = 4 * 1024 * 1024;
/** A plugin downloads and unpacks; one that hangs for longer is ended. */
export const pluginMsMax = 60 * minuteMs;
/** How long a plugin that is ended may take, and apt-get below its own: longer than that, and both less than the service may take to stop. */
export const pluginGraceMs = 15 * secondMs;
export const aptGraceMs = 12 * secondMs;
export const moduleBytesMax = 1024 * 1024 * 1024;
