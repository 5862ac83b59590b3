/* SPDX-License-Identifier: MIT */
/* Runs a script with Lua: deep calls through tables of functions, and jumps out of them. */
typedef struct lua_State lua_State;

lua_State *luaL_newstate(void);
void luaL_openlibs(lua_State *state);
int luaL_loadstring(lua_State *state, const char *text);
int lua_pcallk(lua_State *state, int arguments, int results, int handler, long context,
               void *after);
void lua_close(lua_State *state);
long time(long *out);
int library_run(int rounds);

/* Lua's hashes begin with it. */
long time(long *out)
{
    if (out)
        *out = 1;
    return 1;
}

int library_run(int rounds)
{
    static const char script[] =
        "local t = {} for i = 1, 40 do t[i] = (i * 7) % 41 end "
        "table.sort(t, function(a, b) return a < b end) "
        "local s = ('x,y;z'):gsub('%a', function(c) return c .. #t end) "
        "local ok, e = pcall(function() error({ code = s }) end) "
        "local co = coroutine.wrap(function(a) for i = 1, a do coroutine.yield(i) end end) "
        "return string.format('%d %s %g', co(3), e.code, math.sin(1) ^ 2)";
    lua_State *state = luaL_newstate();
    int failed;

    (void)rounds;
    luaL_openlibs(state);
    failed = luaL_loadstring(state, script) || lua_pcallk(state, 0, 1, 0, 0, 0);
    lua_close(state);
    return failed;
}
