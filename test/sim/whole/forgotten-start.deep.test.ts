import { describeForgottenStart } from './forgotten-start.ts';

describeForgottenStart('in a snapshot', 8000);
