import { describeConversations } from './random-conversations.ts';

describeConversations(3000);
