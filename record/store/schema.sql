-- The schema of a record. Tables are in the singular and hold what was told,
-- each thing once; views answer questions. A time in a table is in nanoseconds
-- since 1970 (UTC), NULL if it is not known; in a view it is in seconds since the
-- start of the run. A reference of 0 or NULL is to nothing.
--
-- A name (path, argument, environment) is TEXT if it is UTF-8, and a BLOB of
-- the same bytes if it is not: many languages cannot read a TEXT that is not
-- UTF-8. CAST(path AS TEXT) LIKE '%.o' finds both in every build of SQLite.

--
-- Which headers did the build read, and how often?
--
--     SELECT path, count FROM inputs WHERE class = 'read' AND path LIKE '%.h' ORDER BY count DESC;
--
-- Who read zlib.h, and what for?
--
--     SELECT chain, argv FROM images JOIN accesses USING (image) WHERE accesses.path = '/usr/include/zlib.h';
--
-- What took longest?
--
--     SELECT duration, argv FROM processes ORDER BY duration DESC LIMIT 10;
--
-- With which environment did the first cc1 run?
--
--     SELECT name, value FROM environment WHERE image = (SELECT min(image) FROM images WHERE name = 'cc1');
--
-- Which programs were not found at once, but searched along PATH?
--
--     SELECT name, sum(searched) FROM images GROUP BY name ORDER BY 2 DESC;
--
-- Which programs learned something by which another build may come out different?
--
--     SELECT mark, coalesce(call, path) AS what, name, sum(count) FROM marks GROUP BY 1, 2, 3 ORDER BY 4 DESC;

-- Tables

CREATE TABLE start (
    -- The beginning of the run: one row.
    id      INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
    time    INTEGER, -- when it began
    dir     INTEGER NOT NULL, -- path: where it was started
    root    TEXT NOT NULL, -- the host's directory that the command had as its root, below which its paths are; empty: the host's own. Since version 2
    version TEXT NOT NULL, -- of catbox
    system  TEXT NOT NULL, -- name, release and machine of the kernel, as uname(2) has them
    detail  TEXT NOT NULL -- what was recorded: exec (processes only) or full
);

CREATE TABLE start_argument (
    -- The command with its arguments.
    position INTEGER PRIMARY KEY, -- from 0, which is the command's name
    argument TEXT NOT NULL -- as it was given
);

CREATE TABLE finish (
    -- The end of the run: one row; none if the run was killed.
    id     INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
    time   INTEGER, -- when
    exit   INTEGER NOT NULL, -- the command's exit status
    signal TEXT, -- the signal that ended it, as SIGKILL; NULL if it exited
    calls  INTEGER NOT NULL -- intercepted system calls
);

CREATE TABLE path (
    -- Each path once. They are canonical: without symbolic links, "." and "..".
    id   INTEGER PRIMARY KEY, -- its number
    path TEXT NOT NULL UNIQUE -- canonical
);

CREATE TABLE process (
    -- A process that did something.
    id     INTEGER PRIMARY KEY, -- counts from 1; a pid can come again, an id does not
    parent INTEGER CHECK (parent < id), -- process that it was forked from; NULL for the command, or if it was not seen
    pid    INTEGER NOT NULL, -- as catbox sees it
    time   INTEGER -- when it started
);

CREATE TABLE exit (
    -- The end of a process; none if it was not seen.
    process INTEGER PRIMARY KEY, -- see process
    time    INTEGER, -- when
    known   INTEGER NOT NULL, -- 1 if what follows is known
    status  INTEGER NOT NULL, -- exit status
    signal  TEXT, -- the signal that ended it; NULL if it exited
    user    INTEGER NOT NULL, -- processor time in user mode, in ns
    system  INTEGER NOT NULL, -- and in the kernel, in ns
    max_rss INTEGER NOT NULL -- peak memory in KiB
);

CREATE TABLE program (
    -- What was executed, and how: once for an image and those that had the same
    -- file, arguments and environment, above all those inherited by fork.
    id       INTEGER PRIMARY KEY, -- the first image that ran it
    path     INTEGER NOT NULL, -- path: the file; for a script, the script
    name     TEXT NOT NULL, -- the last component of the path
    dir      INTEGER NOT NULL, -- path: the working directory
    env_base INTEGER CHECK (env_base < id), -- image whose environment this one's is the difference to; NULL: setting has it in full
    searched INTEGER NOT NULL -- failed calls of execve(2) before, as of a search along PATH
);

CREATE TABLE argument (
    -- The arguments of a program.
    program  INTEGER NOT NULL, -- see program
    position INTEGER NOT NULL, -- from 0, which is the name it was called by
    argument TEXT NOT NULL, -- as it was given
    PRIMARY KEY (program, position)
) WITHOUT ROWID;

CREATE TABLE interpreter (
    -- The files that the kernel loaded for a program besides it: the interpreters
    -- of a script, and the dynamic loader as the last.
    program  INTEGER NOT NULL, -- see program
    position INTEGER NOT NULL, -- from 0
    path     INTEGER NOT NULL, -- see path
    PRIMARY KEY (program, position)
) WITHOUT ROWID;

CREATE TABLE setting (
    -- The environment of a program, as far as it is new or other than that of env_base.
    program  INTEGER NOT NULL, -- see program
    position INTEGER NOT NULL, -- from 0
    name     TEXT NOT NULL, -- its name
    value    TEXT, -- NULL for an entry without "="
    PRIMARY KEY (program, position)
) WITHOUT ROWID;

CREATE TABLE unsetting (
    -- What env_base has in its environment and the program does not.
    program  INTEGER NOT NULL, -- see program
    position INTEGER NOT NULL, -- from 0
    name     TEXT NOT NULL, -- its name
    PRIMARY KEY (program, position)
) WITHOUT ROWID;

CREATE TABLE image (
    -- A program in a process: the one inherited by fork, or one executed.
    id       INTEGER PRIMARY KEY, -- counts from 1
    process  INTEGER NOT NULL, -- see process
    previous INTEGER CHECK (previous < id), -- image that it replaced, or that of the parent at the fork
    forked   INTEGER NOT NULL, -- 1 if it was inherited by fork
    time     INTEGER, -- when
    program  INTEGER NOT NULL -- see program
);

CREATE INDEX image_process ON image (process);

CREATE TABLE class (
    -- What an access did. For inputs, a lower number goes before a higher one.
    id   INTEGER PRIMARY KEY, -- its number
    name TEXT NOT NULL UNIQUE -- its name
);

INSERT INTO class (id, name) VALUES
    (1, 'read'), (2, 'execute'), (3, 'enumerate'), (4, 'symlink'), (5, 'probe'), (6, 'absent'),
    (7, 'write'), (8, 'create'), (9, 'rename'), (10, 'link'), (11, 'delete'), (12, 'metadata');

CREATE TABLE errno (
    -- The names of the errors in this record.
    number INTEGER PRIMARY KEY, -- as the kernel of the run counts them
    name   TEXT NOT NULL -- as errno(3) has it: ENOENT
);

CREATE TABLE access (
    -- What an image did with a path, counted. Closing a record adds an index
    -- by path, access_path.
    image     INTEGER NOT NULL, -- see image
    path      INTEGER NOT NULL, -- see path
    class     INTEGER NOT NULL, -- see class
    target    INTEGER NOT NULL, -- path: the other one of a rename, link or symbolic link; 0 for others
    errno     INTEGER NOT NULL, -- why it failed; 0 if it did not
    directory INTEGER NOT NULL, -- 1 if it is a directory
    made      INTEGER NOT NULL, -- 1 if the run had made the file itself, each time
    mark      TEXT, -- what makes a build depend on when and where it ran: time, random, host, cpus; NULL for others
    count     INTEGER NOT NULL, -- how often
    first     INTEGER, -- the first time
    last      INTEGER, -- the last time
    PRIMARY KEY (image, path, class, target, errno)
) WITHOUT ROWID;

CREATE TABLE call (
    -- A system call that told an image something of the machine or the moment,
    -- counted. Since version 3.
    id    INTEGER PRIMARY KEY, -- its number
    image INTEGER NOT NULL, -- see image
    name  TEXT NOT NULL, -- as in its manual page: uname, getrandom
    mark  TEXT NOT NULL, -- what it told: random, host, cpus
    count INTEGER NOT NULL, -- how often
    first INTEGER, -- the first time
    last  INTEGER, -- the last time
    UNIQUE (image, name)
);

CREATE TABLE contact (
    -- A use of a socket by an image, counted.
    id          INTEGER PRIMARY KEY, -- its number
    image       INTEGER NOT NULL, -- see image
    operation   TEXT NOT NULL, -- connect, bind, or send for a datagram
    destination TEXT NOT NULL, -- 192.0.2.1:443, the path of a unix socket, or @name
    errno       INTEGER NOT NULL, -- what the policy answered; 0 if it let the call through
    count       INTEGER NOT NULL, -- how often
    first       INTEGER, -- the first time
    last        INTEGER, -- the last time
    UNIQUE (image, operation, destination, errno)
);

CREATE TABLE violation (
    -- What was not allowed, in order.
    seq       INTEGER PRIMARY KEY, -- counts from 1
    time      INTEGER, -- when
    operation TEXT NOT NULL, -- write, read, execute, connect, bind, socket, signal
    call      TEXT NOT NULL, -- the system call
    path      TEXT NOT NULL, -- as the program gave it; empty where there is none
    canonical TEXT NOT NULL, -- the canonical path, or the destination
    errno     INTEGER NOT NULL, -- what the call returned; 0 if it was let through
    action    TEXT NOT NULL, -- denied, logged, stopped
    program   TEXT NOT NULL, -- the name of the process
    pid       INTEGER NOT NULL -- its process id, as catbox sees it
);

CREATE TABLE blindness (
    -- What the record may lack, counted.
    id      INTEGER PRIMARY KEY, -- its number
    time    INTEGER, -- the first time
    what    TEXT NOT NULL, -- what could not be seen
    by      TEXT NOT NULL, -- what kept it from being seen
    process INTEGER NOT NULL, -- 0 if that is not known
    count   INTEGER NOT NULL, -- how often
    UNIQUE (what, by, process)
);

-- Views

CREATE VIEW run (
    -- The run: one row.
    command,  -- with its arguments, quoted for sh(1)
    dir,      -- where it was started
    root,     -- the host's directory that the command had as its root; NULL: the host's own. Since version 2
    version,  -- of catbox
    system,   -- the kernel
    detail,   -- exec (processes only) or full
    started,  -- date and time, UTC
    duration, -- in seconds; NULL if the run was killed
    exit,     -- exit status; NULL if the run was killed
    signal,   -- the signal that ended the command
    calls     -- intercepted system calls
) AS SELECT
    (SELECT CASE min(typeof(argument)) WHEN 'blob' THEN CAST(group_concat(word, ' ') AS BLOB) ELSE group_concat(word, ' ') END
        FROM (SELECT argument, CASE WHEN argument = '' OR CAST(argument AS TEXT) GLOB '*[^-A-Za-z0-9_./=+,:@%]*'
            THEN '''' || replace(argument, '''', '''\''''') || '''' ELSE argument END AS word
            FROM start_argument ORDER BY position)),
    p.path, nullif(s.root, ''), s.version, s.system, s.detail, strftime('%Y-%m-%d %H:%M:%S', s.time / 1000000000, 'unixepoch'),
    (f.time - s.time) / 1e9, f.exit, f.signal, f.calls
    FROM start s LEFT JOIN path p ON p.id = s.dir LEFT JOIN finish f ON f.id = 1;

CREATE VIEW images (
    -- The programs that processes ran, one row each.
    image, -- counts from 1
    process, -- see processes
    previous,     -- image that it replaced, or that of the parent at the fork
    forked,       -- 1 if it was inherited by fork
    program,      -- path of the file; for a script, the script
    name,         -- its last component
    argv,         -- the arguments, quoted for sh(1)
    dir,          -- working directory
    interpreters, -- the interpreters of a script and the dynamic loader, with spaces between
    searched,     -- failed calls of execve(2) before
    started, -- when it began
    duration,     -- until the process executed something else, or ended
    chain         -- it and its ancestors: cc1 <- gcc <- make
) AS SELECT
    i.id, i.process, i.previous, i.forked, p.path, g.name,
    (SELECT CASE min(typeof(argument)) WHEN 'blob' THEN CAST(group_concat(word, ' ') AS BLOB) ELSE group_concat(word, ' ') END
        FROM (SELECT argument, CASE WHEN argument = '' OR CAST(argument AS TEXT) GLOB '*[^-A-Za-z0-9_./=+,:@%]*'
            THEN '''' || replace(argument, '''', '''\''''') || '''' ELSE argument END AS word
            FROM argument WHERE argument.program = g.id ORDER BY position)),
    d.path,
    (SELECT CASE min(typeof(path)) WHEN 'blob' THEN CAST(group_concat(path, ' ') AS BLOB) ELSE group_concat(path, ' ') END
        FROM (SELECT path.path FROM interpreter JOIN path ON path.id = interpreter.path
            WHERE interpreter.program = g.id ORDER BY position)),
    g.searched,
    (i.time - (SELECT time FROM start)) / 1e9,
    (coalesce((SELECT min(n.time) FROM image n WHERE n.process = i.process AND n.id > i.id),
        (SELECT time FROM exit WHERE exit.process = i.process)) - i.time) / 1e9,
    (WITH RECURSIVE up (id, depth) AS (
            SELECT i.id, 0
            UNION ALL
            SELECT image.previous, depth + 1 FROM up JOIN image ON image.id = up.id WHERE image.previous IS NOT NULL)
        SELECT CASE min(typeof(name)) WHEN 'blob' THEN CAST(group_concat(name, ' <- ') AS BLOB) ELSE group_concat(name, ' <- ') END
        FROM (SELECT program.name FROM up JOIN image ON image.id = up.id JOIN program ON program.id = image.program
            WHERE depth = 0 OR NOT image.forked ORDER BY depth))
    FROM image i LEFT JOIN program g ON g.id = i.program
    LEFT JOIN path p ON p.id = g.path LEFT JOIN path d ON d.id = g.dir;

CREATE VIEW processes (
    -- The processes, one row each, with the last program that each ran.
    process, -- counts from 1
    parent, -- process that it was forked from; NULL if it was not seen
    pid, -- as catbox sees it
    program,  -- path
    name,     -- its last component
    argv,     -- the arguments, quoted for sh(1)
    images,   -- how many programs it ran, with the one inherited by fork
    started, -- when it began
    ended, -- when it ended
    duration, -- in seconds
    exit,     -- exit status; NULL if it is not known
    signal,   -- the signal that ended it
    user,     -- processor time in user mode, in seconds
    system,   -- and in the kernel
    max_rss   -- peak memory in KiB
) AS SELECT
    p.id, p.parent, p.pid, i.program, i.name, i.argv,
    (SELECT count(*) FROM image WHERE image.process = p.id),
    (p.time - (SELECT time FROM start)) / 1e9, (x.time - (SELECT time FROM start)) / 1e9, (x.time - p.time) / 1e9,
    CASE WHEN x.known AND x.signal IS NULL THEN x.status END, x.signal,
    CASE WHEN x.known THEN x.user / 1e9 END, CASE WHEN x.known THEN x.system / 1e9 END, CASE WHEN x.known THEN x.max_rss END
    FROM process p LEFT JOIN exit x ON x.process = p.id
    LEFT JOIN images i ON i.image = (SELECT max(id) FROM image WHERE image.process = p.id);

CREATE VIEW chain (
    -- The ancestors of each image, up to the command: images that were executed, not inherited.
    image, -- see images
    depth,    -- from 0, which is the image itself
    ancestor, -- image
    process,  -- of the ancestor
    program,  -- path of the ancestor
    name      -- its last component
) AS WITH RECURSIVE up (image, id, depth) AS (
        SELECT id, id, 0 FROM image
        UNION ALL
        SELECT up.image, p.id, depth + (NOT p.forked) FROM up JOIN image i ON i.id = up.id JOIN image p ON p.id = i.previous)
    SELECT up.image, up.depth, i.id, i.process, path.path, g.name
    FROM up JOIN image i ON i.id = up.id LEFT JOIN program g ON g.id = i.program LEFT JOIN path ON path.id = g.path
    WHERE up.id = up.image OR NOT i.forked;

CREATE VIEW accesses (
    -- What each image did with each path.
    image, -- see images
    process, -- see processes
    name,      -- of the program
    class,     -- read, execute, enumerate, symlink, probe, absent, write, create, rename, link, delete, metadata
    path, -- canonical path
    target,    -- the other path of a rename, link or symbolic link
    errno,     -- name of the error; NULL if it did not fail
    directory, -- 1 if it is a directory
    made,      -- 1 if the run had made the file itself
    mark,      -- time, random, host, cpus
    count, -- how often
    first, -- the first time
    last -- the last time
) AS SELECT
    a.image, i.process, g.name, c.name, p.path, t.path, e.name, a.directory, a.made, a.mark, a.count,
    (a.first - (SELECT time FROM start)) / 1e9, (a.last - (SELECT time FROM start)) / 1e9
    FROM access a LEFT JOIN class c ON c.id = a.class LEFT JOIN path p ON p.id = a.path
    LEFT JOIN path t ON t.id = a.target LEFT JOIN errno e ON e.number = a.errno
    LEFT JOIN image i ON i.id = a.image LEFT JOIN program g ON g.id = i.program;

CREATE VIEW inputs (
    -- The files and directories that were there and that the run used and did not make itself, one row each.
    path, -- canonical path
    class,     -- the strongest use: read, execute, enumerate, symlink or probe, in this order
    directory, -- 1 if it is a directory
    count,     -- how often it was used
    images,    -- by how many images
    first, -- the first time
    last -- the last time
) AS SELECT
    p.path, c.name, a.directory, a.count, a.images,
    (a.first - (SELECT time FROM start)) / 1e9, (a.last - (SELECT time FROM start)) / 1e9
    FROM (SELECT path, min(class) AS class, max(directory) AS directory, sum(count) AS count, count(DISTINCT image) AS images,
            min(first) AS first, max(last) AS last
        FROM access WHERE class BETWEEN 1 AND 5 AND NOT made GROUP BY path) a
    JOIN path p ON p.id = a.path JOIN class c ON c.id = a.class;

CREATE VIEW changes (
    -- What came and went by the run: a row each time that a path was made or
    -- written, or removed. What is below a directory that was renamed is moved along.
    path, -- canonical path
    time,      -- in ns since 1970
    there,     -- 1 if it was there then, 0 if it was gone
    class,     -- write, create, rename, link or delete, or moved with its directory
    directory, -- 1 if it is a directory
    existed,   -- 1 if it had been there before the run
    image -- see images
) AS WITH RECURSIVE
    act (image, path, class, target, directory, existed, time) AS (
        SELECT image, path, class, target, directory, NOT made, first FROM access
            WHERE class BETWEEN 7 AND 11 AND errno = 0 AND first <> last
        UNION ALL
        SELECT image, path, class, target, directory, NOT made, last FROM access
            WHERE class BETWEEN 7 AND 11 AND errno = 0),
    step (path, time, there, class, directory, existed, image) AS (
        SELECT p.path, time, a.class NOT IN (9, 11), c.name, directory, existed AND a.class IN (7, 9, 11), image
            FROM act a JOIN path p ON p.id = a.path JOIN class c ON c.id = a.class WHERE a.class <> 10
        UNION ALL
        SELECT p.path, time, 1, c.name, directory, 0, image
            FROM act a JOIN path p ON p.id = a.target JOIN class c ON c.id = a.class WHERE a.class IN (9, 10)),
    move (source, target, time, image) AS (
        SELECT s.path, t.path, time, image FROM act a JOIN path s ON s.id = a.path JOIN path t ON t.id = a.target
            WHERE a.class = 9 AND directory),
    made (path, time, there, class, directory, existed, image) AS (
        SELECT path, time, there, class, directory, existed, image FROM step WHERE there
        UNION
        SELECT CASE WHEN NOT k.there THEN f.path
                WHEN typeof(f.path) = 'blob' OR typeof(m.target) = 'blob'
                THEN CAST(m.target || substr(CAST(f.path AS BLOB), length(CAST(m.source AS BLOB)) + 1) AS BLOB)
                ELSE m.target || CAST(substr(CAST(f.path AS BLOB), length(CAST(m.source AS BLOB)) + 1) AS TEXT) END,
            m.time, k.there, 'moved', f.directory, 0, m.image
            FROM made f JOIN move m ON m.time > f.time
                AND CAST(f.path AS BLOB) > CAST(m.source || '/' AS BLOB) AND CAST(f.path AS BLOB) < CAST(m.source || '0' AS BLOB)
            JOIN (SELECT 0 AS there UNION ALL SELECT 1) k
            WHERE f.there AND NOT EXISTS (
                SELECT 1 FROM step d WHERE d.path = f.path AND NOT d.there AND d.time > f.time AND d.time <= m.time)
            AND NOT EXISTS ( -- it went another way before
                SELECT 1 FROM move o WHERE o.time > f.time AND o.time < m.time
                AND CAST(f.path AS BLOB) > CAST(o.source || '/' AS BLOB) AND CAST(f.path AS BLOB) < CAST(o.source || '0' AS BLOB)))
    SELECT path, time, there, class, directory, existed, image FROM step WHERE NOT there
    UNION ALL
    SELECT path, time, there, class, directory, existed, image FROM made;

CREATE VIEW results (
    -- What became of each path in changes, one row each.
    path, -- canonical path
    there,     -- 1 if it was there when the run ended
    made,      -- 1 if the run made or wrote it
    class,     -- the last change
    directory, -- 1 if it is a directory
    existed,   -- 1 if it is known to have been there before the run
    image,     -- that made the last change
    time       -- of the last change
) AS SELECT
    path, there, made, class, directory, existed, image, (time - (SELECT time FROM start)) / 1e9
    FROM (SELECT path, there, class, image, time, max(coalesce(time, 0) * 2 + there),
            sum(there) > 0 AS made, sum(directory) > 0 AS directory, sum(existed) > 0 AS existed
        FROM changes GROUP BY path);

CREATE VIEW outputs (
    -- What the run made or wrote and was still there at its end, one row each.
    path, -- canonical path
    class,     -- how it came about last: create, write, rename, link, or moved with its directory
    directory, -- 1 if it is a directory
    existed,   -- 1 if it is known to have been there before the run, which wrote it or made it anew
    image,     -- that made or wrote it last
    time -- when
) AS SELECT path, class, directory, existed, image, time FROM results WHERE there;

CREATE VIEW temporary (
    -- What the run made and was gone at its end, one row each.
    path, -- canonical path
    class,     -- how it went: delete, rename, or moved with its directory
    directory, -- 1 if it is a directory
    image,     -- that removed or renamed it
    time -- when
) AS SELECT path, class, directory, image, time FROM results WHERE made AND NOT there AND NOT existed;

CREATE VIEW absent (
    -- What the run looked for and was not there, one row each; not what the run itself made or removed.
    path, -- canonical path
    errno,  -- name of the error
    count,  -- how often
    images, -- by how many images
    first, -- the first time
    last -- the last time
) AS SELECT
    p.path, e.name, a.count, a.images,
    (a.first - (SELECT time FROM start)) / 1e9, (a.last - (SELECT time FROM start)) / 1e9
    FROM (SELECT path, min(errno) AS errno, sum(count) AS count, count(DISTINCT image) AS images, min(first) AS first, max(last) AS last
        FROM access WHERE class = 6 AND NOT made GROUP BY path) a
    JOIN path p ON p.id = a.path LEFT JOIN errno e ON e.number = a.errno
    WHERE p.path NOT IN (SELECT path FROM changes);

CREATE VIEW marks (
    -- What made the run depend on when and where it ran: system calls, and files
    -- of which more was used than that they are there. Since version 3.
    mark,  -- time, random, host, cpus
    image, -- see images
    process, -- see processes
    name,  -- of the program
    call,  -- the system call; NULL for a file
    path,  -- canonical path; NULL for a call
    count, -- how often
    first, -- the first time
    last -- the last time
) AS SELECT
    m.mark, m.image, i.process, g.name, m.call, p.path, m.count,
    (m.first - (SELECT time FROM start)) / 1e9, (m.last - (SELECT time FROM start)) / 1e9
    FROM (SELECT mark, image, name AS call, NULL AS path, count, first, last FROM call
        UNION ALL
        SELECT mark, image, NULL, path, sum(count), min(first), max(last) FROM access
            WHERE mark IS NOT NULL AND class BETWEEN 1 AND 4 AND errno = 0 GROUP BY image, path) m
    LEFT JOIN path p ON p.id = m.path LEFT JOIN image i ON i.id = m.image LEFT JOIN program g ON g.id = i.program;

CREATE VIEW network (
    -- The uses of sockets.
    image, -- see images
    process, -- see processes
    name,        -- of the program
    operation,   -- connect, bind, or send for a datagram
    destination, -- 192.0.2.1:443, the path of a unix socket, or @name
    errno,       -- what the policy answered; NULL if it let the call through
    count, -- how often
    first, -- the first time
    last -- the last time
) AS SELECT
    n.image, i.process, g.name, n.operation, n.destination, e.name, n.count,
    (n.first - (SELECT time FROM start)) / 1e9, (n.last - (SELECT time FROM start)) / 1e9
    FROM contact n LEFT JOIN errno e ON e.number = n.errno
    LEFT JOIN image i ON i.id = n.image LEFT JOIN program g ON g.id = i.program;

CREATE VIEW violations (
    -- What was not allowed, in order.
    seq, -- counts from 1
    time, -- when
    operation, -- write, read, execute, connect, bind, socket, signal
    call,      -- the system call
    path,      -- as the program gave it
    canonical, -- the canonical path, or the destination
    errno,     -- what the call returned; NULL if it was let through
    action,    -- denied, logged, stopped
    program,   -- the name of the process
    pid -- as catbox sees it
) AS SELECT
    v.seq, (v.time - (SELECT time FROM start)) / 1e9, v.operation, v.call, v.path, v.canonical, e.name, v.action, v.program, v.pid
    FROM violation v LEFT JOIN errno e ON e.number = v.errno;

CREATE VIEW blind (
    -- What the record may lack.
    what, -- what could not be seen
    by,      -- what kept it from being seen
    process, -- whose it is, NULL if that is not known
    count, -- how often
    time     -- the first time
) AS SELECT what, by, nullif(process, 0), count, (time - (SELECT time FROM start)) / 1e9 FROM blindness;

CREATE VIEW environment (
    -- The environment of each image, in full: a row a variable. Of two entries of
    -- the same name it has the first, as getenv(3) does.
    image, -- see images
    name, -- its name
    value -- NULL for an entry without "="
) AS WITH RECURSIVE
    layer (program, depth, source) AS (
        SELECT id, 0, id FROM program
        UNION ALL
        SELECT l.program, l.depth + 1, b.program FROM layer l JOIN program p ON p.id = l.source JOIN image b ON b.id = p.env_base),
    entry (program, name, value, gone, place) AS (
        SELECT l.program, s.name, s.value, 0, l.depth * 8589934592 + s.position FROM layer l JOIN setting s ON s.program = l.source
        UNION ALL
        SELECT l.program, u.name, NULL, 1, l.depth * 8589934592 + 4294967296 FROM layer l JOIN unsetting u ON u.program = l.source),
    nearest (program, name, value, gone, place) AS (
        SELECT program, name, value, gone, min(place) FROM entry GROUP BY program, name)
    SELECT i.id, n.name, n.value FROM image i JOIN nearest n ON n.program = i.program WHERE NOT n.gone;
