"""Fixed rows: (name, commands). Each row begins on an empty server; replies are
compared one by one. Every command and option of the string and generic families
stands here at least once, with its errors."""

MAX = 2**63 - 1
MIN = -(2**63)
FAR = 4_000_000_000


def words(text):
    return text.split(" ")


def lines(text):
    return [words(line.strip()) for line in text.strip().splitlines() if line.strip()]


def row(name, text, *more):
    return name, lines(text) + [list(command) for command in more]


ROWS = [
    row("list-form-of-what-fails", f"""
        CONFIG SET list-max-listpack-size 4
        RPUSH l 1 2 3 4
        LSET l 9 x
        OBJECT ENCODING l
        DEL l
        RPUSH l 1 2 3 4
        LINSERT l BEFORE nosuch x
        OBJECT ENCODING l
        LSET l 0 y
        OBJECT ENCODING l
        CONFIG SET list-max-listpack-size -2
    """),
    row("a-list-turned-beyond-its-limit", """
        RPUSH l 1 2 3 4
        CONFIG SET list-max-listpack-size 2
        LMOVE l l LEFT LEFT
        OBJECT ENCODING l
        CONFIG SET list-max-listpack-size 8
        RPOPLPUSH l l
        OBJECT ENCODING l
        CONFIG SET list-max-listpack-size -2
        DEL l
    """),
    row("a-distance-between-two-texts", """
        GEOADD g -178.659628 84.940242 p16 179.981678 -84.522434 p53
        GEODIST g p16 p53 ft
        GEODIST g p16 p53
        GEODIST g p16 p16 km
    """),
    row("a-small-list-stays-one-when-it-shrinks", """
        RPUSH l 1 2 3 4 5 6
        CONFIG SET list-max-listpack-size 1
        LMPOP 1 l LEFT COUNT 2
        OBJECT ENCODING l
        LREM l 1 4
        OBJECT ENCODING l
        LTRIM l 0 1
        OBJECT ENCODING l
        CONFIG SET list-max-listpack-size -2
        DEL l
    """),
    row("pops-of-many-are-read-before-their-timeout", """
        BLMPOP x 0 l LEFT
        BLMPOP -1 1 l SIDEWAYS
        BLMPOP -1 1 l LEFT COUNT 0
        BLMPOP -1 1 l LEFT
        BZMPOP x 0 z MIN
        BZMPOP -1 1 z MIDDLE
        BZMPOP -1 1 z MIN COUNT 0
    """),
    row("bits-saturated-from-afar", f"""
        BITFIELD b OVERFLOW SAT SET i8 0 {MIN} GET i8 0
        BITFIELD b OVERFLOW SAT SET i8 0 {MIN + 127} GET i8 0
        BITFIELD b OVERFLOW SAT SET i8 0 {MIN + 128} GET i8 0
        BITFIELD b OVERFLOW SAT SET i8 0 {MAX} GET i8 0
        BITFIELD b OVERFLOW SAT INCRBY i8 0 {MIN} INCRBY i8 0 {MAX}
        BITFIELD b OVERFLOW SAT SET i62 170 {MIN} GET i62 170
        BITFIELD b OVERFLOW SAT SET i63 300 {MIN} GET i63 300 INCRBY i63 300 {MIN}
        BITFIELD b OVERFLOW SAT SET i64 400 {MIN} INCRBY i64 400 -1 INCRBY i64 400 {MAX}
        BITFIELD b OVERFLOW SAT SET u8 0 {MIN} GET u8 0 SET u63 0 -1 GET u63 0
        BITFIELD b OVERFLOW FAIL SET i8 0 {MIN} GET i8 0
    """),
    row("words-with-a-zero-byte-in-errors", "", *[[*words, "a\x00b"] for words in (
        ["NOSUCH", "x"], ["EXPIRE", "k", "1"], ["CLIENT"], ["OBJECT"], ["ACL", "CAT"], ["ACL", "DRYRUN", "default"],
        ["CLIENT", "LIST", "TYPE"], ["LATENCY"])], ["NO\x00SUCH", "x\x00y", "z"]),
    row("keys-behind-a-count-that-is-none", "", *[
        ["COMMAND", "GETKEYS", *command.replace("N", count).split(",")]
        for count in ("+1", " 1", "01", "1x", "x", "-1", "2", "4294967297")
        for command in ("EVAL,x,N,k", "FCALL_RO,f,N,k", "ZUNION,N,k", "ZINTERSTORE,d,N,k", "LMPOP,N,k,LEFT", "BZMPOP,0,N,k,MIN", "SINTERCARD,N,k")]),
    row("what-scripts-are-given", "XGROUP CREATE x g 0 MKSTREAM",
        ["EVAL", "redis.setresp(3) return redis.call('xinfo', 'groups', 'x')", 0],
        *[["EVAL", f"return {{cmsgpack.unpack_limit('\\1\\2\\3', {limit})}}", 0] for limit in ("0", "0, 0", "0, 1", "2", "2, 1")]),
    row("event-letters-as-told", """
        CONFIG SET notify-keyspace-events KEAn
        CONFIG GET notify-keyspace-events
        CONFIG SET notify-keyspace-events dng$lshzxetKEm
        CONFIG GET notify-keyspace-events
        CONFIG SET notify-keyspace-events mKgnE
        CONFIG GET notify-keyspace-events
        CONFIG SET notify-keyspace-events ""
        CONFIG SET proc-title-template {title}
    """, ["CONFIG", "SET", "notify-keyspace-events", ""]),
    row("set-get", """
        SET k v
        GET k
        GET none
        GET
        GET k k
        SET k
        SET k v BOGUS
        SET k 123
        OBJECT ENCODING k
        SET k 0123
        OBJECT ENCODING k
    """, ["SET", "k", ""], ["GET", "k"], ["SET", "", "v"], ["GET", ""], ["SET", "bin\x00\r\n", "\x00\r\n"],
        ["GET", "bin\x00\r\n"], ["SET", "k", "x" * 44], ["OBJECT", "ENCODING", "k"], ["SET", "k", "x" * 45],
        ["OBJECT", "ENCODING", "k"], ["SET", "k", "x" * 100000], ["GET", "k"], ["OBJECT", "ENCODING", "k"]),
    row("set-conditions", f"""
        SET k v XX
        GET k
        SET k v NX
        SET k w NX
        SET k w XX
        GET k
        SET k x NX XX
        SET k x GET
        SET n x GET
        SET n y NX GET
        SET m y NX GET
        SET k z XX GET
        SET none z XX GET
        set k v nx
        SET k v XX XX
    """),
    row("set-lifetime", f"""
        SET k v EX 1000
        TTL k
        SET k v KEEPTTL
        TTL k
        SET k v
        TTL k
        SET k v PX 1000000
        PTTL k
        SET k v EXAT {FAR}
        EXPIRETIME k
        SET k v PXAT {FAR}123
        PEXPIRETIME k
        SET k w KEEPTTL GET
        PEXPIRETIME k
        SET k v EX
        SET k v EX abc
        SET k v EX 0
        SET k v PX -1
        SET k v EX {MAX}
        SET k v PX {MAX}
        SET k v EXAT {MAX}
        SET k v EXAT 0
        SET k v PXAT -5
        SET k v EX 10 PX 10
        SET k v EX 10 KEEPTTL
        SET k v KEEPTTL PX 10
        SET k v EX 10 EX 10
        SET k v PXAT 1
        GET k
        EXISTS k
        SET k v EXAT 1 GET
        GET k
    """),
    row("getex", f"""
        SET k v EX 1000
        GETEX k
        TTL k
        GETEX k PERSIST
        TTL k
        GETEX k EX 100
        TTL k
        GETEX k PX 100000
        PTTL k
        GETEX k EXAT {FAR}
        EXPIRETIME k
        GETEX k PXAT {FAR}000
        PEXPIRETIME k
        GETEX k PERSIST EX 10
        GETEX k EX 10 PX 10
        GETEX k EX
        GETEX k EX 0
        GETEX k EX abc
        GETEX none EX abc
        GETEX k KEEPTTL
        GETEX k NX
        GETEX k PXAT 1
        EXISTS k
        GETEX none
        GETEX
    """),
    row("getdel-getset-setnx", f"""
        SET k v
        GETDEL k
        GETDEL k
        GETDEL
        GETSET k v
        GETSET k w
        SET k v EX 100
        GETSET k x
        TTL k
        SETNX k y
        SETNX l y
        SETNX
        SETEX k 100 v
        TTL k
        SETEX k 0 v
        SETEX k -1 v
        SETEX k abc v
        SETEX k {MAX} v
        PSETEX k 100000 v
        PTTL k
        PSETEX k 0 v
        PSETEX k
    """),
    row("mget-mset", """
        MSET a 1 b 2 c 3
        MGET a b none c a
        MSET a
        MSET a 1 b
        MSETNX a 1 d 4
        EXISTS d
        MSETNX e 5 f 6
        MSETNX e
        MSETNX e 1 f
        MGET e f
        MGET
        MSET a 1 a 2
        GET a
        MSET t 1
        EXPIRE t 100
        MSET t 2
        TTL t
    """),
    row("append-strlen-range", f"""
        APPEND k hello
        OBJECT ENCODING k
        APPEND k world
        OBJECT ENCODING k
        GET k
        STRLEN k
        STRLEN none
        SET n 10
        APPEND n 5
        GET n
        OBJECT ENCODING n
        INCR n
        OBJECT ENCODING n
        APPEND i 12
        OBJECT ENCODING i
        SETRANGE k 5 _there
        GET k
        SETRANGE p 3 abc
        GET p
        SETRANGE p -1 x
        SETRANGE p abc x
        SETRANGE p 1048576 x
        SETRANGE p 1048575 x
        STRLEN p
        APPEND p x
        SETRANGE p {MAX} x
        GETRANGE k 0 -1
        GETRANGE k 0 2
        GETRANGE k -3 -1
        GETRANGE k -1 -3
        GETRANGE k 5 2
        GETRANGE k 0 1000
        GETRANGE k -1000 3
        GETRANGE k {MIN} {MAX}
        GETRANGE none 0 -1
        GETRANGE n 0 0
        GETRANGE k a b
        SUBSTR k 1 3
        SUBSTR k 1
    """, ["SETRANGE", "k", "0", ""], ["SETRANGE", "none", "5", ""], ["EXISTS", "none"], ["SETRANGE", "n", "0", ""],
        ["OBJECT", "ENCODING", "n"], ["APPEND", "n", ""], ["OBJECT", "ENCODING", "n"], ["SET", "e", ""],
        ["GETRANGE", "e", "0", "-1"], ["APPEND", "big", "x" * 600000], ["APPEND", "big", "x" * 600000]),
    row("expiry-survives-changes", """
        SET k 1 EX 1000
        INCR k
        APPEND k 2
        SETRANGE k 0 3
        INCRBYFLOAT k 1.5
        TTL k
    """),
    row("incr", f"""
        INCR k
        INCRBY k 41
        DECR k
        DECRBY k 2
        GET k
        OBJECT ENCODING k
        INCRBY k -100
        INCRBY k abc
        INCRBY k 1.0
        DECRBY k {MIN}
        SET k {MAX}
        INCR k
        DECR k
        SET k {MIN}
        DECR k
        INCRBY k {MIN}
        SET k abc
        INCR k
        SET k 1.5
        INCR k
        SET k {MAX}0
        INCR k
        SET k 010
        INCR k
        DECRBY none 5
        INCR
        INCRBY k
        INCRBY k {MAX}0
    """, ["SET", "k", " 1"], ["INCR", "k"], ["INCRBY", "k", " 1"], ["INCRBY", "k", ""], ["SET", "k", ""], ["INCR", "k"]),
    row("incrbyfloat", f"""
        INCRBYFLOAT k 10.5
        OBJECT ENCODING k
        INCRBYFLOAT k 0.1
        INCRBYFLOAT k -5
        INCRBYFLOAT k 5.0e3
        INCRBYFLOAT k 1e-17
        INCRBYFLOAT i 3
        OBJECT ENCODING i
        INCR i
        OBJECT ENCODING i
        INCRBYFLOAT k abc
        INCRBYFLOAT k inf
        INCRBYFLOAT k -inf
        INCRBYFLOAT k nan
        INCRBYFLOAT k 0x10
        INCRBYFLOAT k 1e400
        INCRBYFLOAT k 1e5000
        INCRBYFLOAT z -1e-20
        INCRBYFLOAT z 1e20
        INCRBYFLOAT y 3.0000000000000000001
        SET s abc
        INCRBYFLOAT s 1
        SET s {MAX}
        INCRBYFLOAT s 1
        SET s 1e3
        INCRBYFLOAT s 1
        INCRBYFLOAT k
    """, ["INCRBYFLOAT", "k", ""], ["INCRBYFLOAT", "k", " 1"], ["INCRBYFLOAT", "k", "1 "], ["SET", "s", " 1"],
        ["INCRBYFLOAT", "s", "1"]),
    row("lcs", """
        MSET a ohmytext b mynewtext
        LCS a b
        LCS a b LEN
        LCS a b IDX
        LCS a b IDX MINMATCHLEN 4
        LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
        LCS a b IDX WITHMATCHLEN
        LCS a b IDX MINMATCHLEN -5
        LCS a b IDX LEN
        LCS a b BOGUS
        LCS a b MINMATCHLEN
        LCS a b MINMATCHLEN abc
        LCS a b MINMATCHLEN 4
        LCS a b WITHMATCHLEN
        LCS a none
        LCS none none2 IDX
        LCS none none2 LEN
        LCS a a IDX WITHMATCHLEN
        MSET a abcabcabc b cbacbacba
        LCS a b
        LCS a b IDX WITHMATCHLEN
        MSET a 12345 b 13579
        LCS a b
        LCS a
        LCS
    """, ["MSET", "a", "x" * 600, "b", "y" * 600], ["LCS", "a", "b"]),
    row("names", """
        MSET a 1 b 2 c 3
        DEL a none b a
        EXISTS a b c c
        UNLINK c none
        DBSIZE
        DEL
        EXISTS
        TOUCH
        UNLINK
        SET a 1
        TOUCH a a none
        TYPE a
        TYPE none
        TYPE
    """),
    row("expire", f"""
        EXPIRE none 100
        SET k v
        EXPIRE k 100
        TTL k
        PEXPIRE k 100000
        PTTL k
        EXPIREAT k {FAR}
        EXPIRETIME k
        PEXPIREAT k {FAR}123
        PEXPIRETIME k
        EXPIRETIME k
        PERSIST k
        PERSIST k
        PERSIST none
        TTL k
        PTTL k
        EXPIRETIME k
        PEXPIRETIME k
        TTL none
        PTTL none
        EXPIRETIME none
        PEXPIRETIME none
        EXPIRE k abc
        EXPIRE k 1.5
        EXPIRE k {MAX}
        EXPIRE k {MIN}
        PEXPIRE k {MAX}
        PEXPIRE k {MIN}
        EXPIREAT k {MAX}
        EXISTS k
        SET k v
        EXPIRE k -1
        EXISTS k
        SET k v
        PEXPIREAT k 1
        EXISTS k
        SET k v
        EXPIREAT k -1
        EXISTS k
        EXPIRE k
        TTL
        PERSIST
    """),
    row("expire-conditions", f"""
        SET k v
        EXPIRE k 100 XX
        EXPIRE k 100 GT
        TTL k
        EXPIRE k 1000 LT
        TTL k
        EXPIRE k 500 NX
        EXPIRE k 500 GT
        EXPIRE k 500 LT
        TTL k
        EXPIRE k 900 GT
        EXPIRE k 800 XX GT
        EXPIRE k 2000 XX GT
        EXPIRE k 100 XX LT
        TTL k
        PERSIST k
        PEXPIRE k 100000 NX
        EXPIREAT k {FAR} GT
        PEXPIREAT k {FAR}000 GT
        PEXPIREAT k {FAR}000 LT
        EXPIRE k 1 NX XX
        EXPIRE k 1 NX GT
        EXPIRE k 1 GT LT
        EXPIRE k 1 BOGUS
        EXPIRE k abc BOGUS
        EXPIRE k abc NX XX
        EXPIRE none 1 BOGUS
        expire k 1000000 gt
        EXPIRE k -1 LT
        EXISTS k
    """),
    row("rename", """
        RENAME none x
        RENAME none none
        SET a 1 EX 1000
        RENAME a b
        EXISTS a
        GET b
        TTL b
        SET c 3
        RENAME b c
        GET c
        TTL c
        RENAME c c
        RENAMENX c c
        SET d 4
        RENAMENX c d
        RENAMENX c e
        RENAMENX none e
        GET e
        RENAME a
        RENAMENX a
    """),
    row("copy-move-swap", """
        SET a 1 EX 1000
        COPY a b
        TTL b
        COPY a b
        SET a 2
        COPY a b REPLACE
        GET b
        TTL b
        COPY a a
        COPY none none
        COPY none x
        COPY a c DB 1
        COPY a a DB 1
        COPY a a DB 0
        COPY a c DB 99
        COPY a c DB -1
        COPY a c DB abc
        COPY a c DB
        COPY a c BOGUS
        COPY a
        SELECT 1
        KEYS *
        GET c
        SELECT 0
        MOVE a 1
        MOVE b 1
        MOVE b 1
        MOVE a 0
        MOVE a 99
        MOVE a -1
        MOVE a abc
        MOVE none 1
        MOVE a
        SET mine 0
        SWAPDB 0 1
        DBSIZE
        SELECT 1
        KEYS *
        SWAPDB 1 1
        SWAPDB a 1
        SWAPDB 0 b
        SWAPDB 0 99
        SWAPDB -1 0
        SWAPDB 0
    """),
    row("keys-patterns", "\n".join(
        ["MSET hello 1 hallo 2 hxllo 3 hllo 4 heello 5 h[llo 6 a\\b 7 h-llo 8 * 9"] +
        [f"KEYS {pattern}" for pattern in ("*", "h?llo", "h*llo", "h[ae]llo", "h[^e]llo", "h[a-b]llo", "h[b-a]llo",
                                            "h\\[llo", "h[\\[]llo", "a\\\\b", "\\*", "nothing", "h[e", "h[", "**l*",
                                            "[", "[]", "[^]", "h[^", "h[--.]llo", "H*", "h[a-", "h[-a]llo", "\\")] +
        ["KEYS", "KEYS a b"]), ["KEYS", ""],
        # The empty name, which only a lone star, or nothing, matches.
        ["SET", "", "v"], ["HSET", "h", "", "v"], ["KEYS", "*"], ["KEYS", "**"], ["KEYS", ""], ["HSCAN", "h", "0", "MATCH", "*"],
        ["HSCAN", "h", "0", "MATCH", "**"], ["HSCAN", "h", "0", "MATCH", ""]),
    row("scan-arguments", """
        MSET a 1 b 2 c 3
        SCAN 0
        SCAN 0 COUNT 1000
        SCAN 0 MATCH a* COUNT 1000
        SCAN 0 MATCH * COUNT 1000
        SCAN 0 TYPE string COUNT 1000
        SCAN 0 TYPE STRING COUNT 1000
        SCAN 0 TYPE list COUNT 1000
        SCAN 0 TYPE bogus COUNT 1000
        SCAN abc
        SCAN 1a
        SCAN 99999999999999999999999
        SCAN 0 COUNT 0
        SCAN 0 COUNT -1
        SCAN 0 COUNT abc
        SCAN 0 COUNT
        SCAN 0 MATCH
        SCAN 0 BOGUS 1
        SCAN
    """),
    row("randomkey-dbsize-flush", """
        RANDOMKEY
        SET only 1
        RANDOMKEY
        RANDOMKEY x
        DBSIZE
        DBSIZE x
        SELECT 1
        SET other 1
        FLUSHDB
        DBSIZE
        SELECT 0
        DBSIZE
        FLUSHDB ASYNC
        DBSIZE
        SET only 1
        FLUSHALL ASYNC
        SET only 1
        FLUSHALL SYNC
        DBSIZE
        FLUSHDB SYNC
        FLUSHDB BOGUS
        FLUSHALL BOGUS
        FLUSHALL SYNC ASYNC
    """),
    row("object", """
        SET k 100
        OBJECT ENCODING k
        OBJECT REFCOUNT k
        OBJECT IDLETIME k
        OBJECT FREQ k
        SET k 10000
        OBJECT REFCOUNT k
        SET k -1
        OBJECT REFCOUNT k
        SET k text
        OBJECT REFCOUNT k
        OBJECT ENCODING none
        OBJECT FREQ none
        OBJECT IDLETIME none
        OBJECT REFCOUNT none
        OBJECT HELP
        OBJECT BOGUS k
        OBJECT ENCODING
        OBJECT ENCODING k k
        OBJECT
        object encoding k
        OBJECT HELP x
    """),
    row("dump-restore", f"""
        DUMP none
        SET k 10
        DUMP k
        SET k 1000
        DUMP k
        SET k 100000
        DUMP k
        SET k 10000000000
        DUMP k
        SET k text
        DUMP k
        DUMP
        RESTORE x 0 garbage
        RESTORE k 0 garbage
        RESTORE x -1 garbage
        RESTORE x abc garbage
        RESTORE x 0 garbage BOGUS
        RESTORE x 0 garbage FREQ 300
        RESTORE x 0 garbage IDLETIME -1
        RESTORE x 0 garbage FREQ 1 IDLETIME 1
        RESTORE x 0 garbage FREQ
        RESTORE x 0 garbage IDLETIME abc
        RESTORE x 0
        RESTORE-ASKING x 0 garbage
    """, *[command for payload in (
        b"\x00\x02hi\x0a\x00\xb1\xb8\x01\xd9\xbd\x9d\x8b\x8d", b"\x00\xc0\x0a\x0a\x00n\x9fWE\x0e\xaec\xbb")
        for command in (
            ["RESTORE", "r", "0", payload], ["GET", "r"], ["RESTORE", "r", "0", payload],
            ["RESTORE", "r", "100000", payload, "REPLACE"], ["PTTL", "r"],
            ["RESTORE", "r", str(FAR * 1000), payload, "REPLACE", "ABSTTL"], ["PEXPIRETIME", "r"],
            ["RESTORE", "r", "1", payload, "REPLACE", "ABSTTL"], ["EXISTS", "r"],
            ["RESTORE", "r", "0", payload, "IDLETIME", "1000"], ["OBJECT", "IDLETIME", "r"],
            ["RESTORE", "r", str(MAX), payload, "REPLACE"], ["RESTORE-ASKING", "ra", "0", payload, "REPLACE"],
            ["GET", "ra"])]),
    row("transactions", """
        MULTI
        MULTI
        WATCH k
        DISCARD
        MULTI
        SET k v
        EXEC
        EXEC
        DISCARD
        MULTI
        SET k
        NOSUCH
        SET k w
        EXEC
        MULTI
        EXEC now
        EXEC
        WATCH k
        SET k x
        MULTI
        GET k
        EXEC
        WATCH k
        UNWATCH
        SET k y
        MULTI
        GET k
        LPUSH k 1
        INCR n
        EXEC
        MULTI
        DISCARD
        GET k
        WAIT 0 9223372036854775806
    """),
    row("hyperloglog", """
        PFSELFTEST
        PFADD h
        PFADD h
        PFDEBUG DECODE h
        PFADD h a b c
        PFDEBUG DECODE h
        GET h
        PFCOUNT h
        GET h
        EXPIRE h 1000
        PFADD h d
        PFMERGE h none
        TTL h
        PFCOUNT h none
        PFCOUNT none
        PFMERGE new
        GET new
        PFDEBUG TODENSE h
        PFDEBUG TODENSE h
        PFDEBUG DECODE h
        PFDEBUG GETREG h
        PFDEBUG ENCODING h
        PFDEBUG ENCODING none
        PFDEBUG BOGUS h
        PFDEBUG ENCODING h more
        PFMERGE both new h
        GET both
        SET text hello
        PFADD text a
        PFCOUNT text
        PFCOUNT h text
        PFMERGE h text
        RPUSH list a
        PFADD list a
        PFCOUNT list
        SET n 12
        PFADD n a
    """),
    row("bitmaps", """
        SETBIT b 7 1
        OBJECT ENCODING b
        SETBIT b 4294967295 1
        SETBIT b 8388607 0
        STRLEN b
        SETBIT b 0 2
        GETBIT b 8388608
        SET n 12
        GETBIT n 3
        SETBIT n 3 1
        GET n
        OBJECT ENCODING n
        BITCOUNT n
        BITPOS n 1
        BITPOS n 0 1
        BITPOS n 0 1 -1
        BITOP NOT r n
        OBJECT ENCODING r
        GET r
        EXPIRE r 100
        BITOP OR r n r
        TTL r
        RPUSH l x
        BITOP AND l n r
        GET l
        BITOP AND l none
        EXISTS l
        BITOP NOT r n n
        BITOP BOGUS r n
        BITFIELD f SET u8 #1 255 GET u8 8 OVERFLOW FAIL INCRBY u8 #1 1 OVERFLOW SAT INCRBY u8 #1 1
        BITFIELD_RO f GET u8 #1
        BITFIELD_RO f SET u8 #1 1
        BITFIELD f
        BITFIELD none GET u8 0
        EXISTS none
    """),
    row("sort", """
        RPUSH l 3 1 2 10
        SORT l
        SORT l DESC
        SORT l ALPHA
        SORT l LIMIT 1 2
        SORT l BY nosort
        SORT l BY nosort DESC LIMIT 1 2
        MSET w1 5 w2 1 w3 x w10 3
        SORT l BY w*
        SORT l BY nosort BY w*
        SORT l BY w* BY nosort DESC
        SORT l BY w* ALPHA
        SET w3 2
        SORT l BY w* GET # GET w*
        HSET o1 f b
        HSET o2 f a
        SORT l BY o*->f ALPHA LIMIT 2 2
        SORT l GET o*->f GET o*-> GET none
        SORT l STORE d
        LRANGE d 0 -1
        TYPE d
        SORT none STORE d
        EXISTS d
        SADD s b a c
        SORT s
        SORT s ALPHA
        SORT s BY nosort STORE d
        LRANGE d 0 -1
        SORT_RO s ALPHA DESC
        SORT_RO s ALPHA STORE d
        ZADD z 3 c 1 a 2 b
        SORT z ALPHA DESC
        OBJECT ENCODING z
        SORT z BY nosort
        SORT z BY nosort DESC
        SORT z BY nosort LIMIT 1 1
        SORT z BY nosort DESC LIMIT 0 2
        SORT z BY nosort STORE d
        SORT w1
        SORT l BOGUS
        SORT l LIMIT 1
        RPUSH odd 0x10 9 8 inf -inf
        SORT odd
    """, ["RPUSH", "empty", "", "-1", "1"], ["SORT", "empty"], ["RPUSH", "empty", "1e400"], ["SORT", "empty"]),
]
