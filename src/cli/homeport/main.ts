import { productVersion } from '#base/version.ts';
import { main } from '../kit/main.ts';
import { homeportProgram } from './program.ts';

await main(homeportProgram(productVersion));
