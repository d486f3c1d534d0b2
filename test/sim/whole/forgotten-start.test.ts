import { describeForgottenStart } from './forgotten-start.ts';

describeForgottenStart('in entries', 2_000_000);
