-- The two roles: one owns and migrates, one serves and cannot change what was recorded.
CREATE ROLE pacificmind_owner LOGIN;
CREATE ROLE pacificmind_app LOGIN;
CREATE DATABASE pacificmind OWNER pacificmind_owner;
REVOKE CONNECT ON DATABASE pacificmind FROM PUBLIC;
GRANT CONNECT ON DATABASE pacificmind TO pacificmind_app;
