/* SPDX-License-Identifier: MIT */
/* Runs a script in Lua; the test links it with Debian's liblua5.4.a. */
#include <stddef.h>

typedef struct lua_State lua_State;
lua_State *luaL_newstate(void);
void luaL_openlibs(lua_State *);
int luaL_loadstring(lua_State *, const char *);
int lua_pcallk(lua_State *, int, int, int, ptrdiff_t, void *);
long long lua_tointegerx(lua_State *, int, int *);
void lua_close(lua_State *);

long long luauser_run(const char *script)
{
    lua_State *lua = luaL_newstate();
    long long result = -1;

    if (lua == NULL) {
        return -2;
    }
    luaL_openlibs(lua);
    if (luaL_loadstring(lua, script) == 0 && lua_pcallk(lua, 0, 1, 0, 0, NULL) == 0) {
        result = lua_tointegerx(lua, -1, NULL);
    }
    lua_close(lua);
    return result;
}
