"""Makers of scripts: commands of the other families passed on by a script, values of every
kind returned, errors raised, the libraries that scripts have, function libraries."""

import hashlib

# Not among the errors: a table without `err`, of which Redis dies.
# Scripts that do what ARGV says: their replies are compared as those of that command.
PASS = "return redis.call(unpack(ARGV))"
PASSING = [PASS, "return redis.pcall(unpack(ARGV))", "redis.setresp(3) return redis.call(unpack(ARGV))",
           "redis.setresp(3) return redis.pcall(unpack(ARGV))", "#!lua\nreturn redis.call(unpack(ARGV))",
           "#!lua flags=allow-oom,allow-stale\nreturn redis.pcall(unpack(ARGV))"]
SHA_OF = {hashlib.sha1(script.encode()).hexdigest(): script for script in PASSING}
# Commands that wait: redis-server 7.0 has none of them in scripts.
WAITING = {"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF", "XREAD",
           "XREADGROUP"}

NUMBERS = ["0", "1", "-1", "3.99", "-3.99", "1e3", "2^31", "2^53", "2^63", "-2^63", "1e300", "1/3", "0/0", "1/0", "-1/0", "127",
           "128", "255", "256", "65535", "65536", "-32", "-33", "-128", "-129", "-32768", "2^32", "-2^31", "0.1", "1e15", "1e14"]
WHOLE = ["0", "1", "-1", "127", "2^31", "2^53", "1e3", "-32768"]  # Redis 7.0 writes others with 17 digits
STRINGS = ["''", "'a'", "'hello'", "'two\\r\\nlines'", "'\\0\\255'", "'12'", "'3.5'", "('x'):rep(40)", "('y'):rep(300)", "'ERR x'",
           "'\\195\\169'", "'\\\\/\"'", "'-1'", "' '"]
ODD = ["nil", "true", "false", "cjson.null", "function() end", "redis.call", "{}"]
TAGGED = ["{ok='fine'}", "{ok='two\\r\\nlines'}", "{ok=1}", "{err='MY bad'}", "{err='bad'}", "{err='-MY bad'}", "{err=''}", "{err=1}",
          "{double=3.5}", "{double='x'}", "{double=1e100}", "{double=1/0}", "{map={a=1}}", "{map={}}", "{map={[1]='x'}}",
          "{set={a=true}}", "{set={}}", "{set='x'}", "{big_number='12345678901234567890'}", "{big_number=1}",
          "{big_number='1\\r\\n2'}", "{verbatim_string={format='txt',string='hello'}}", "{verbatim_string={string='x'}}",
          "{verbatim_string='x'}", "{a=1}", "{1,2,x=3}", "{[3]=1}", "{1,nil,3}", "{ok='a',err='b'}", "{double=1,map={}}",
          "redis.error_reply('x')", "redis.error_reply('X y')", "redis.error_reply('-X y')", "redis.status_reply('x y')",
          "redis.error_reply({})", "redis.status_reply()", "redis.error_reply('')"]
JSON = ["[1,2,3]", "{}", "[]", "{\"a\":1}", "[1.5,-2,1e3]", "null", "[null]", "true", "\"x\"", "\"\\u00e9\\n\"", "{\"a\":{\"b\":[1,{}]}}", "[1,",
        "{bad", "", "1", "[1 2]", "{\"a\"}", "\"\\ud83d\\ude00\"", "[\"\\u0000\"]", "nul", "[1e400]", "  [ 1 ]  ", "[1]]", "\"\t\"", "[0x10]",
        "[" * 30 + "]" * 30, "[-]", "01", "NaN", "Infinity"]
FORMATS = ["i4", ">i4", "<I2", "b", "B", "h", "H", "l", "L", "T", "f", "d", ">d", "=i", "i1", "i3", "I8", "!4bi4", "!bd", "bx", "x", " b ",
           "s", "c0", "c3", "i33", "y", "!3", "!", ">", "", "i16", "c", "Bc0", "hh", "i0"]
ERRORS = ["error('boo')", "error('boo', 0)", "error('boo', 2)", "error({err='MY own'})", "error({err='own'})", "error()", "error(nil)", "error(1)", "error(true)", "local x = nil + 1",
          "local x = {} .. 'a'", "local x = #5", "local x = nil; x.y = 1", "x.y.z = 1", "redis.nosuch()", "foo = 1", "redis.x = 1",
          "string.upper = nil", "_G.x = 1", "rawset(_G, 'x', 1)", "rawset(redis, 'x', 1)", "setmetatable(_G, {})",
          "setmetatable(redis, {})", "KEYS = 1", "KEYS[1] = 'x'; return KEYS[1]", "return foo", "return _G.foo", "return redis.foo",
          "return rawget(_G, 'foo')", "assert(false)", "assert(nil, 'said')", "assert(false, {err='T x'})", "redis.call()",
          "redis.call({})", "redis.call('get', {})", "redis.call('get', nil)", "redis.call('get', true)", "redis.call('echo', 1e100)",
          "redis.call(1)", "redis.sha1hex()", "redis.sha1hex({})", "redis.log()", "redis.log('x', 'y')", "redis.log(3)", "redis.setresp()",
          "redis.setresp(4)", "redis.setresp('3')", "redis.set_repl()", "redis.set_repl(4)", "redis.set_repl('x')",
          "redis.acl_check_cmd()", "redis.acl_check_cmd('nosuch')", "for i = 1, 'x' do end", "local function f() return f() + 1 end f()",
          "unpack({}, 1, 1e7)", "string.rep('x')", "tonumber()", "tostring()", "setmetatable(1, {})", "getmetatable()", "ipairs()",
          "pairs()", "next()", "select()", "table.concat({{}})", "table.concat({1, {}}, ',')", "string.format('%d', 'x')",
          "string.format('%y', 1)", "loadstring()", "load(1)", "coroutine.resume(1)", "coroutine.wrap(1)", "math.floor('x')",
          "redis.breakpoint()", "redis.debug('x')", "return redis.replicate_commands()", "return print",
          "return dofile", "return require", "return io", "return debug", "return bad lua", "return (", "return 'x", "goto x", "return 1 1",
          "local a <const> = 1", "return 0x", "return \"\\q\"", "--[[", "break", "\n\nerror('third')", "local x = 1 +", "x = ~1", "("]
LUA = ["_VERSION", "math.floor(3.7)", "math.max(1, 5, 3)", "math.fmod(7, 3)", "math.huge", "math.pi", "math.pow(2, 10)", "tostring(1e15)",
       "tostring(1e100)", "tostring(0.1)", "tostring(nil)", "tostring(true)", "tonumber('0x10')", "tonumber('z', 36)", "tonumber('')",
       "tonumber('1e5')", "tonumber(' 5 ')", "#'abc'", "('abc'):upper()", "('abc'):byte(1, -1)", "string.char(65, 66)",
       "('hello world'):find('o w')", "('hello'):gsub('l', 'L')", "('a,b,c'):match('(%w),(%w)')", "('x'):rep(3)", "('abc'):reverse()",
       "('abc'):sub(-2)", "string.format('%5.2f|%d|%s|%q|%x', 3.14159, 42, 'x', 'q\"', 255)", "string.format('%s', 1e15)",
       "string.format('%.14g', 0.1)", "string.format('%i', 3.99)", "table.concat({1, 2, 3}, ',')", "select('#', 1, nil, 3)",
       "select(2, 'a', 'b')", "select(-1, 'a', 'b')", "unpack({1, 2, 3})", "unpack({1, 2, 3}, 2)", "type(redis)", "type(_G)",
       "pcall(error, 'x')", "pcall(error, {err='x'})", "pcall(error)", "xpcall(function() error('z') end, function(e) return 'h ' .. e end)",
       "rawequal(redis, redis)", "rawlen", "next({})", "next({5})", "getmetatable({})", "loadstring('return 5')()",
       "loadstring('return (')", "load(function() return nil end) == nil", "coroutine.wrap(function() coroutine.yield(1) end)()",
       "coroutine.status(coroutine.create(function() end))", "redis.sha1hex('x')", "redis.sha1hex(1)", "redis.LOG_WARNING",
       "redis.REPL_ALL", "redis.REPL_SLAVE", "#KEYS", "#ARGV", "KEYS[1]", "ARGV[1]", "math.random(1, 1)", "table.getn({1, 2})", "table.maxn({1, 2})",
       "gcinfo() > 0", "collectgarbage('count') > 0", "ipairs({})", "table.remove({1, 2, 3})", "string.dump", "math.mod(7, 3)"]
PRELUDES = ["", "", "", "redis.setresp(3) ", "redis.setresp(2) ", "local t = {} ", "#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=\n",
            "#!lua flags=no-writes,allow-oom\n", "#!lua FLAGS=no-writes\n", "#!lua flags=bogus\n", "#!lua name=x\n", "#!LUA\n", "#!python\n", "#!\n",
            "#!lua flags=no-cluster,allow-stale,allow-cross-slot-keys\n", "-- comment\n"]
HEADS = ["#!lua name={}\n"] * 12 + ["#!LUA name={}\n", "#!lua NAME={}\n", "#!lua name={} name=x\n", "#!js name={}\n", "#!lua\n", "", "#!lua name={}",
                                  "#!lua name={} flags=no-writes\n", "#!lua name=a-{}\n", "#!lua name=\n", "#! name={}\n"]
LIBRARIES = ["l1", "l2", "l3"]
FUNCTIONS = ["f1", "f2", "f3", "f4"]


class ScriptMakers:
    # --- parts
    def lua_value(self, depth=0):
        choice = self.random.random()
        if choice < 0.3:
            return self.pick(NUMBERS)
        if choice < 0.55:
            return self.pick(STRINGS)
        if choice < 0.65:
            return self.pick(ODD)
        if choice < 0.8 or depth > 3:
            return self.pick(TAGGED)
        items = [self.lua_value(depth + 1) for _ in range(self.random.randint(0, 4))]
        if choice < 0.97:
            return "{" + ",".join(items) + "}"
        return "{map={k=" + self.lua_value(depth + 1) + "}}"

    def lua_plain(self, depth=0):
        """A value whose packed forms do not depend on the order of a table's keys."""
        choice = self.random.random()
        if choice < 0.4:
            return self.pick(NUMBERS)
        if choice < 0.7:
            return self.pick(STRINGS)
        if choice < 0.8 or depth > 4:
            return self.pick(ODD)
        if choice < 0.9:
            return "{k=" + self.lua_plain(depth + 1) + "}"
        return "{" + ",".join(self.lua_plain(depth + 1) for _ in range(self.random.randint(0, 5))) + "}"

    def run(self, script, keys=(), args=()):
        words = [len(keys), *keys, *args]
        if self.chance(0.1):
            sha = hashlib.sha1(script.encode()).hexdigest()
            return [["SCRIPT", "LOAD", script], [self.pick(["EVALSHA", "EVALSHA", "EVALSHA_RO"]), self.pick([sha, sha.upper()]), *words]]
        return ["EVAL_RO" if self.chance(0.05) else "EVAL", script, *words]

    # --- commands of the other families
    def script_pass(self):
        while True:
            maker = self.pick(self.data_makers)
            if maker.__name__.split("_")[0] in ("script", "tx"):
                continue
            made = maker()
            if isinstance(made[0], list):
                made = made[0]
            if self.chance(0.01):
                made = self.pick([["NOSUCH"], ["GET"], ["MULTI"], ["SUBSCRIBE", "x"], ["EVAL", "return 1", "0"], ["CONFIG", "GET"], ["CONFIG"],
                                  ["CONFIG", "NOSUCH"], ["SCRIPT", "LOAD", "x"], ["TIME", "x"], ["SELECT", "0"], ["PING"], ["PUBLISH", "c", "m"]])
            if str(made[0]).upper() not in WAITING:
                return self.run(self.pick(PASSING), self.keys(2) if self.chance(0.3) else (), made)

    script_pass_2 = script_pass_3 = script_pass_4 = script_pass

    def script_number(self):
        return ["EVAL", f"return redis.call('echo', {self.pick(NUMBERS)})", 0]

    def script_several(self):
        steps = []
        for _ in range(self.random.randint(1, 4)):
            key = self.pick(["'s1'", "'s2'", "KEYS[1]"])
            steps.append(self.pick([
                f"r[#r+1] = redis.pcall('set', {key}, {self.pick(WHOLE + STRINGS)})", f"r[#r+1] = redis.call('get', {key})",
                f"r[#r+1] = redis.pcall('incr', {key})", f"r[#r+1] = redis.pcall('rpush', {key}, 1, 2)", f"redis.call('del', {key})",
                f"r[#r+1] = redis.call('exists', {key})", f"r[#r+1] = redis.pcall('hset', {key}, 'f', {self.pick(WHOLE)})",
                "r[#r+1] = redis.pcall('hgetall', 's1')", "redis.setresp(3)", "redis.setresp(2)", f"r[#r+1] = redis.pcall('zadd', {key}, 1.5, 'm')",
                f"r[#r+1] = redis.pcall('zscore', {key}, 'm')", f"r[#r+1] = type(redis.pcall('zscore', {key}, 'm'))",
                f"r[#r+1] = redis.pcall('incr', {key}).err", f"redis.pcall('lpop', {key})", f"r[#r+1] = redis.call('lpop', {key})",
                f"local v = redis.call('get', {key}) r[#r+1] = type(v) r[#r+1] = v", "r[#r+1] = redis.call('select', 0)",
                f"r[#r+1] = redis.call('type', {key}).ok", "r[#r+1] = redis.call('set', 'x', 1, 'nx', 'xx')",
                f"if redis.call('exists', {key}) == 1 then return 'there' end", f"r[#r+1] = cjson.encode(redis.pcall('get', {key}))"]))
        return self.run("local r = {} " + " ".join(steps) + " return r", [self.key()])

    # --- values, errors, libraries
    def script_return(self):
        return self.run(self.pick(PRELUDES) + "return " + self.lua_value())

    def script_fail(self):
        return self.run(self.pick(PRELUDES) + self.pick(ERRORS))

    def script_caught(self):
        body = self.pick(ERRORS)
        return self.run("local ok, e = pcall(function() " + body + "\nend) return {tostring(ok), type(e), type(e) == 'string' and e or 0}")

    def script_lua(self):
        return self.run("return {" + ", ".join(self.pick(LUA) for _ in range(self.random.randint(1, 3))) + "}",
                        self.keys(2) if self.chance(0.2) else (), ["arg"] if self.chance(0.3) else ())

    def script_random(self):
        draw = self.pick(["tostring(math.random())", "math.random(100)", "math.random(-5, 5)", "math.random(0)", "math.random(2, 1)", "math.random(1, 2, 3)"])
        return self.run(f"math.randomseed({self.pick(['0', '7', '-1', '1e9', '2^40', '3.7'])}) return {{math.random(9), {draw}, {draw}}}")

    def script_json(self):
        if self.chance(0.4):
            text = self.pick(JSON)
            return self.run("local v = cjson.decode(ARGV[1]) return {type(v), cjson.encode(v)}", (), [text])
        if self.chance(0.2):
            return self.run(self.pick([
                "return cjson.encode({[1]=1,[2]=2,[10]=3})", "return cjson.encode({[1]=1,[100]=3})", "return cjson.encode({[1.5]=1})",
                "return cjson.encode({[true]=1})", "local t = {} t.t = t return cjson.encode(t)", "return cjson.encode()", "return cjson.decode()",
                "return cjson.encode(1, 2)", "return cjson.encode_max_depth(2)", "return cjson.encode_sparse_array()",
                "local t = {} for k in pairs(cjson) do t[#t+1] = k end table.sort(t) return t", "return cjson._VERSION",
                "return cjson.encode_number_precision(20)", "return cjson.decode('[1,2]')[2] + 1", "return {cjson.decode_max_depth()}"]))
        return self.run(f"return cjson.encode({self.lua_plain()})")

    def script_msgpack(self):
        if self.chance(0.3):
            data = bytes(self.random.choice([0xc0, 0xc1, 0xc2, 0xc4, 0xca, 0xcb, 0xcc, 0xcf, 0xd3, 0xd4, 0xd9, 0xdc, 0xde, 0x81, 0x92, 0xa2, 1, 0xff,
                                             0, 97, self.random.randint(0, 255)]) for _ in range(self.random.randint(0, 12)))
            return self.run(self.pick(["return {cmsgpack.unpack(ARGV[1])}", "return {cmsgpack.unpack_one(ARGV[1])}",
                                       "return {cmsgpack.unpack_one(ARGV[1], 1)}", "return {cmsgpack.unpack_limit(ARGV[1], 2)}",
                                       "return {cmsgpack.unpack_limit(ARGV[1], 1, -1)}", "return {cmsgpack.unpack_one(ARGV[1], 99)}",
                                       "return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))"]), (), [data])
        values = ",".join(self.lua_plain() for _ in range(self.random.randint(0, 3)))
        if self.chance(0.5):
            return self.run(f"return cmsgpack.pack({values})")
        return self.run(f"return {{cmsgpack.unpack(cmsgpack.pack({values}))}}")

    def script_struct(self):
        form = "".join(self.pick(FORMATS) for _ in range(self.random.randint(1, 3)))
        if self.chance(0.2):
            return self.run(f"return struct.size('{form}')")
        if self.chance(0.3):
            data = bytes(self.random.choice([0, 1, 255, 127, 128, self.random.randint(0, 255)]) for _ in range(self.random.randint(0, 20)))
            position = self.pick(["", "", ", 1", ", 2", ", 50", ", 0", ", -1"])
            return self.run(f"local t = {{struct.unpack('{form}', ARGV[1]{position})}} for i, v in ipairs(t) do t[i] = tostring(v) end return t", (), [data])
        values = ",".join(self.pick(["1", "-2", "300", "70000", "2^40", "1.5", "'abc'", "'5'", "''"]) for _ in range(self.random.randint(1, 4)))
        return self.run(f"return struct.pack('{form}', {values})")

    def script_bits(self):
        numbers = ["0", "1", "-1", "255", "2^31", "2^32", "-2^31", "1e10", "3.7", "2^53", "'7'", "'x'", "{}", "0/0"]
        name = self.pick(["band", "bor", "bxor", "bnot", "lshift", "rshift", "arshift", "rol", "ror", "bswap", "tobit", "tohex"])
        return self.run(f"return {{bit.{name}({', '.join(self.pick(numbers) for _ in range(self.random.randint(1, 3)))})}}")

    # --- SCRIPT
    def script_admin(self):
        sha = self.pick(list(SHA_OF) + ["0" * 40, "x", "f" * 40, ""])
        return self.pick([["SCRIPT", "EXISTS", sha], ["SCRIPT", "EXISTS", sha, "x"], ["SCRIPT", "LOAD", self.pick(PASSING)],
                          ["SCRIPT", "LOAD", self.pick(PRELUDES) + self.pick(ERRORS)], ["SCRIPT", "FLUSH"],
                          ["SCRIPT", "FLUSH", self.pick(["SYNC", "ASYNC", "sync", "x"])], ["SCRIPT", "KILL"],
                          ["SCRIPT", "NOSUCH"], ["SCRIPT"], ["EVALSHA", sha, self.integer(), "PING"],
                          ["EVALSHA_RO", sha, 0, "PING"], ["EVAL", "return {KEYS, ARGV}", self.integer(-2, 4), "a", "b", "c"], ["SCRIPT", "EXISTS"]])

    # --- functions
    def library(self):
        name = self.pick(LIBRARIES)
        lines = []
        for _ in range(self.random.randint(0, 3)):
            function = self.pick(FUNCTIONS)
            body = self.pick(["return {keys, args}", "return redis.call(unpack(args))", "return " + self.lua_value(), self.pick(ERRORS),
                              "n = (n or 0) + 1 return n", "return redis.pcall('set', keys[1], args[1])"]).replace("\n", " ")
            callback = f"function(keys, args) {body} end"
            if self.chance(0.5):
                lines.append(f"redis.register_function('{function}', {callback})")
                continue
            fields = [f"function_name='{function}'", f"callback={callback}"]
            if self.chance(0.5):
                flags = self.pick([["no-writes"], ["allow-oom", "allow-stale"], ["no-cluster"], ["bogus"], [], ["no-writes", "allow-cross-slot-keys"]])
                fields.append("flags={" + ",".join(f"'{flag}'" for flag in flags) + "}")
            if self.chance(0.4):
                fields.append(self.pick(["description='tells'", "description=5", "description={}", "extra=1"]))
            lines.append("redis.register_function{" + ", ".join(fields) + "}")
        if self.chance(0.1):
            lines.append(self.pick(["redis.call('ping')", "local x = tostring(1)", "x = 1", "redis.log(redis.LOG_DEBUG, 'x')", "bad lua", "error('x')",
                                    "redis.register_function()", "redis.register_function('a b', function() end)"]))
        return self.pick(HEADS).format(name) + "\n".join(lines)

    def function_call(self):
        args = self.pick([[], ["x"], ["GET", self.key()], ["SET", self.key(), "v"]])
        return [self.pick(["FCALL", "FCALL", "FCALL_RO"]), self.pick(FUNCTIONS + ["none"]), len(args[1:2]), *args[1:2], *args]

    def script_function(self):
        choice = self.random.random()
        if choice < 0.4:
            return ["FUNCTION", "LOAD"] + (["REPLACE"] if self.chance(0.6) else []) + [self.library()]
        if choice < 0.75:
            return self.function_call()
        return self.pick([["FUNCTION", "DELETE", self.pick(LIBRARIES + ["none"])], ["FUNCTION", "LIST"], ["FUNCTION", "LIST", "WITHCODE"],
                          ["FUNCTION", "LIST", "LIBRARYNAME", self.pick(["l*", "l1", "none", "L2"])], ["FUNCTION", "STATS"], ["FUNCTION", "DUMP"],
                          ["FUNCTION", "FLUSH"], ["FUNCTION", "FLUSH", self.pick(["SYNC", "ASYNC", "x"])], ["FUNCTION", "KILL"], ["FUNCTION", "NOSUCH"],
                          ["FUNCTION", "LIST", "BOGUS"], ["FUNCTION", "LIST", "LIBRARYNAME"], ["FUNCTION", "LIST", "WITHCODE", "WITHCODE"],
                          ["FUNCTION", "LOAD", "BOGUS", "x"], ["FCALL", "f1", self.integer(-2, 4), "a"], ["FUNCTION", "RESTORE", "bad"],
                          ["FUNCTION", "RESTORE", "bad", "x"]])

    def script_restore(self):
        if not self.function_payloads:
            return self.script_function()
        policy = self.pick([[], ["APPEND"], ["REPLACE"], ["FLUSH"], ["replace"], ["BOGUS"]])
        return [["FUNCTION", "RESTORE", self.pick(self.function_payloads)] + policy, ["FUNCTION", "LIST", "WITHCODE"], self.function_call()]
