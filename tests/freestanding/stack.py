#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Worst stack depth of the library, from what gcc tells about each function.

usage: stack.py [BUILD]

The depth is the sum of the frames on the deepest path of the call graph (-fcallgraph-info=su), return
addresses included, without the host's callbacks and module code. Calls through pointers end there,
except those to functions of the library itself: POINTERS names who calls whom, and every function
whose address is taken must stand in it. "make size" runs this; tests/freestanding/run imports it.
"""
import pathlib
import re
import sys

# What elfin_each_object is called with.
PHASES = ["open_early", "bind_new", "object_edges", "scan", "measure_block", "plan", "apply_all", "assign", "measure", "fill", "fix"]

# Caller -> callees by pointer, all inside the library. Any other call by pointer goes to the host.
POINTERS = {
    "sift_down": ["by_priority", "by_number", "by_freedom", "by_code", "by_kind", "by_run", "by_slot",
                  "by_symbol", "by_field", "by_name", "by_address", "by_distance", "by_start", "by_row", "by_key"],
    "each_record": ["report_misfit", "report_excluding", "report_narrowing",
                    "elfin_image_each_demand"],
    "elfin_image_each_demand": ["report_misfit", "report_excluding", "report_narrowing", "tally_field",
                                "show_field"],
    "show_bound": ["elfin_image_each_demand"],
    "report_misfit": ["elfin_image_diag_demand"],
    "report_limit": ["elfin_image_diag_demand"],
    "put_text": ["put_buffer"],
    "update": ["mini_pages_summarize"],
    # Jobs for several CPUs; work() is what runs on each of them.
    "work": ["do_object", "do_shard", "take_users", "take_values", "take_blocks"],
    "do_object": PHASES,
    "elfin_each_object": [p for p in PHASES if p != "open_early"] + ["sharing_each"],
    "elfin_input_open": ["archives_is_empty"],
    "elfin_symbol_enter": ["elfin_library_refer"],
    "elfin_symbols_finalize": ["elfin_library_refer"],
    "elfin_symbols_enter": ["elfin_symbols_finalize"],
    "elfin_inputs_open": ["sharing_open", "elfin_shards_enter", "archives_open", "is_one"],
    "elfin_patch_commit": ["elfin_trace_bound"],
    # struct elfin_programs
    "elfin_object_open": ["elfin_program_open", "elfin_image_object_open"],
    "elfin_symbols_check": ["elfin_program_ignores", "indirects_check"],
    "walk": ["elfin_image_follow"],
    "elfin_image_follow": ["add_from_image", "elfin_arch_follow"],
    "elfin_arch_follow": ["find_site", "tls_use"],
    "elfin_module_get": ["elfin_image_own_count"],
    "name_at": ["elfin_image_own_symbol"],
    "definition_at": ["elfin_image_own_symbol"],
    "elfin_module_definition": ["elfin_image_own_count"],
    "elfin_patch_definition": ["elfin_image_own_count"],
    "elfin_import_binding": ["elfin_image_own_symbol"],
    "elfin_module_symbol": ["elfin_image_own_symbol"],
    "elfin_module_lookup": ["elfin_image_own_count", "elfin_image_own_symbol"],
    "elfin_record_open": ["elfin_record_read"],
    "users_collect": ["elfin_add_needs"],
    "object_edges": ["users_collect"],
    "elfin_edges": ["users_begin", "users_end"],
    "elfin_unload": ["users_report"],
    
    "do_what_can_be": ["add_names"],
    "elfin_sections_open": ["comdats_open", "elfin_starting_priority"],
    "elfin_scan": ["records_scan", "elfin_program_scan", "elfin_image_object_scan"],
    "elfin_layout": ["layout", "elfin_image_object_layout", "gathering_distribute", "slots_lay",
                     "gathering_lay", "threads_lay", "unwinding_lay"],
    "plan": ["slots_plan"],
    "layout": ["slots_indirect"],
    "slots_indirect": ["indirects_plan"],
    "indirects_carve": ["elfin_program_list_resolvers"],
    "fix": ["records_check", "elfin_program_fixup", "elfin_image_fixup", "slots_begin", "slots_end"],
    "slots_begin": ["indirects_write"],
    "slots_end": ["listing_keep_slot"],
    "elfin_image_fixup": ["indirects_write"],
    "elfin_prepare": ["elfin_starting_handles", "unwinding_scan", "gathering_gather", "elfin_tls_measure"],
    "elfin_tls_measure": ["elfin_image_object_measure"],
    "elfin_tls_check": ["elfin_image_bound_check_tls"],
    "elfin_report_stuck": ["reasons_stuck"],
    "elfin_init_run": ["elfin_program_resolve", "indirects_resolve"],
    "elfin_init_modules": ["elfin_program_init"],
    "elfin_call_module": ["note_call"],
    "elfin_inspect": ["elfin_starting_handles", "elfin_program_tally", "elfin_image_tally", "elfin_image_each_demand",
                      "unwinding_scan", "gathering_gather", "elfin_tls_measure"],
    # The other tables of loader/features.h
    "elfin_load_run": ["publishing_reserve", "publishing_settle", "debugging_attach", "elfin_trace_loaded", "starting_finish", "elfin_init_order", "elfin_init_run", "deferring_order", "deferring_run", "deferring_finish", "sharing_begin", "elfin_linkage_collect", "elfin_replace_published", "elfin_replace_finished", "elfin_replace_ended",
                       "elfin_library_pull", "elfin_place_first", "elfin_reach", "dividing_apart", "dividing_join", "threads_place", "threads_attach", "unwinding_seal", "unwinding_add"],
    "scan": ["unwinding_scan", "elfin_shards_place"],
    "elfin_needs": ["elfin_check_needs", "elfin_member_rename"],
    "bind_batch": ["publishing_find", "publishing_bind"],
    "publishing_find": ["elfin_find_private"],
    "elfin_note_name": ["publishing_has_module"],
    "elfin_resolve": ["elfin_starting_handles", "gathering_gather", "elfin_image_bound_check"],
    "elfin_reach": ["reasons_misfits", "sharing_reach"],
    "measure": ["elfin_starting_count", "deferring_count"],
    "carve_object": ["describe", "carve_segments", "elfin_linkage_carve", "indirects_carve", "listing_carve"],
    "elfin_fixup": ["elfin_early_begin", "elfin_image_share", "elfin_linkage_fill"],
    "elfin_place": ["elfin_place_floating"],
    "elfin_place_first": ["elfin_image_place"],
    "add_name": ["elfin_find_replaced"],
    "elfin_index_remove": ["waiting_leave", "waiting_promote"],
    "elfin_index_find_except": ["waiting_other"],
    "elfin_export_rows": ["waiting_queue_rows"],
    "waiting_queue": ["elfin_find_replaced"],
    "elfin_publish": ["users_count", "threads_publish", "publishing_publish"],
    "publishing_publish": ["elfin_early_end", "waiting_queue", "elfin_find_replaced"],
    "elfin_withdraw": ["users_count", "threads_withdraw", "elfin_unpublish_names"],
    "elfin_detach": ["debugging_detach", "elfin_final_run", "deferring_end", "unwinding_remove", "threads_detach"],
    "elfin_handover_module": ["elfin_image_own_symbol"],
    "elfin_adopt_start": ["unwinding_add", "elfin_debug_attach"],
    "debugging_trim": ["gdb_trim"],
    "starting_finish": ["debugging_trim"],
    # struct debug_part
    "next_byte": ["read_edit"],
    "add_parts": ["gdb_add", "symbols_add", "lines_add", "frames_add"],
    "forget_group": ["gdb_remove", "symbols_remove", "lines_remove", "frames_remove"],
    "elfin_space_adopt": ["starting_finish"],
    # struct arch_tls
    "scan_record": ["prove", "add"],
    "elfin_arch_scan": ["begin_row", "flush_all"],
    "elfin_use_of": ["tls_use"],
    "fix_record": ["symbol_size", "any_size", "slots_far", "slots_evaluate"],
    "slots_evaluate": ["rewrite"],
}
# Their address is taken for who calls by pointer from outside the library: elfin_host.parallel.
FOR_USERS = {"work"}

# They come from the program that links the library; the bytes are those of libmini's own.
FOREIGN = {"memcpy", "memmove", "memset", "memcmp"}

NODE = re.compile(r'node: { title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"')
FRAME = re.compile(r"(\d+) bytes \(([a-z,]+)\)")


class NoCallGraph(Exception):
    """The compiler that made the library wrote none: clang does not."""


class Graph:
    """Functions by unique title ("file:name" for static ones) with frames and calls."""

    def __init__(self, build):
        self.frames, self.calls, self.unbounded, self.indirect = {}, {}, [], set()
        self.file = {}
        files = sorted(pathlib.Path(build, "core/obj").glob("*/*.ci"))
        if not files:
            raise NoCallGraph
        for file in files:
            # Only what is in the library now: an object whose source has gone leaves its .ci behind.
            if pathlib.Path(*file.parts[-2:]).with_suffix(".c").exists():
                self.read(file.read_text())
        for caller, callees in POINTERS.items():
            for title in [t for t in self.frames if self.name(t) == caller]:
                for callee in callees:
                    self.calls[title].update(t for t in self.frames if self.name(t) == callee)

    @staticmethod
    def name(title):
        """by_priority for loader/init.c:by_priority, f for f.constprop.0."""
        return title.rsplit(":", 1)[-1].split(".")[0]

    def read(self, text):
        for title, label in NODE.findall(text):
            frame = FRAME.search(label)
            if frame:
                self.frames[title] = int(frame.group(1))
                self.calls.setdefault(title, set())
                self.file[title] = label.split("\\n")[1].split(":")[0]
                # "dynamic,bounded" is pushing of arguments; the number is the bound.
                if frame.group(2) not in ("static", "dynamic,bounded"):
                    self.unbounded.append(title)
        for source, target in EDGE.findall(text):
            if target == "__indirect_call":
                self.indirect.add(source)
            else:
                self.calls.setdefault(source, set()).add(target)

    def unknown(self):
        """Called by name, but defined nowhere."""
        called = set().union(*self.calls.values())
        return sorted(called - set(self.frames) - FOREIGN)

    def order(self):
        """Callees before callers, and the titles of a cycle if there is one."""
        state, order = {}, []
        for root in self.frames:
            stack = [(root, iter(sorted(self.calls[root])))] if root not in state else []
            state.setdefault(root, "open")
            while stack:
                title, rest = stack[-1]
                for callee in rest:
                    if callee not in self.frames:
                        continue
                    if state.get(callee) == "open":
                        path = [t for t, _ in stack]
                        return order, path[path.index(callee):]
                    if callee not in state:
                        state[callee] = "open"
                        stack.append((callee, iter(sorted(self.calls[callee]))))
                        break
                else:
                    state[title] = "done"
                    order.append(title)
                    stack.pop()
        return order, None

    def depths(self):
        """Worst depth below each function, itself included, and the next function on that path."""
        order, cycle = self.order()
        if cycle:
            raise SystemExit("stack.py: recursion: " + " -> ".join(cycle))
        depth, following = {}, {}
        for title in order:
            callees = [c for c in self.calls[title] if c in depth]
            deepest = max(callees, key=lambda c: depth[c], default=None)
            depth[title] = self.frames[title] + (depth[deepest] if deepest else 0)
            following[title] = deepest
        return depth, following


# On the stack of an exception (include/elfin/walk.h).
WALK, WALK_CEILING = "elfin_walk_stack", 2 << 10


def public_functions(header="include/elfin/elfin.h"):
    text = pathlib.Path(header).read_text()
    return re.findall(r"^[a-z][\w \*]*?\b\*?(elfin_\w+)\(", text, re.MULTILINE)


def worker_depth(graph, depth):
    """What elfin_host.parallel calls on each CPU: `work` of loader/parallel.c."""
    return max(depth[t] for t in depth if t.endswith("parallel.c:work"))


def figures(build):
    """The lines that "make size" and the tests print."""
    try:
        graph = Graph(build)
    except NoCallGraph:
        yield "worst stack: not known, this compiler writes no call graph"
        return
    depth, following = graph.depths()
    entries = [f for f in public_functions() if f in depth]
    for entry in sorted(entries, key=lambda f: -depth[f])[:4]:
        yield f"worst stack: {depth[entry]} bytes below {entry}"
    yield f"worst stack: {depth[WALK]} bytes below {WALK}, of at most {WALK_CEILING}"
    yield f"worst stack: {worker_depth(graph, depth)} bytes on another CPU (elfin_host.parallel)"
    path, title = [], "elfin_load"
    while title:
        path.append(f"{Graph.name(title)} {graph.frames[title]}")
        title = following[title]
    yield "elfin_load's deepest path: " + ", ".join(path)


if __name__ == "__main__":
    for figure in figures(sys.argv[1] if len(sys.argv) > 1 else "build"):
        print("# " + figure)
