-- depends: 0010.visits
-- A restore closes every key of departments and devices (local/backup/databases.py): one that was revoked after the backup must
-- not come back. Whoever runs the installation opens those again that are still good.

ALTER TABLE city.department_key ADD COLUMN closed_by_restore boolean NOT NULL DEFAULT false;
ALTER TABLE city.device ADD COLUMN closed_by_restore boolean NOT NULL DEFAULT false;
