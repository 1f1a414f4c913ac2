-- Until when an agent has put a lead off, at the customer's wish. A rule, so that nothing that has leads
-- judged anew (a change of the campaign, an edit of the lead) has them called before that.
alter table leads add column put_off_until timestamptz;
