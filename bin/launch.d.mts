/** Runs a program, `#folder/file.ts`, under a Node that is new enough; see launch.mjs. */
export function launch(program: string): Promise<void>;
