# SPDX-License-Identifier: MIT
"""Layouts from elsewhere than a map: moved by a distance, or planned without elfin."""

from dataclasses import replace

from elfobj import Object
from group import Group
from linked import Layout, PlacedModule


def shifted(layout: Layout, distance: int) -> Layout:
    def move(table: dict) -> dict:
        return {key: value + distance for key, value in table.items()}

    return Layout([replace(m, got_base=None if m.got_base is None else m.got_base + distance,
                           sections=move(m.sections), symbols=move(m.symbols),
                           synthetic=[(n, a + distance, s) for n, a, s in m.synthetic],
                           indirect=[replace(i, address=i.address + distance,
                                             slot=i.slot + distance,
                                             resolver=i.resolver + distance) for i in m.indirect])
                   for m in layout.modules])


def _align(address: int, align: int) -> int:
    return -(-address // align) * align


def planned(objects: list[Object], base: int) -> Layout:
    """Sections in the order of the files, COMMON after them: for tests of the test itself."""
    layout, address = Layout(), base
    group = Group(objects, layout)
    for number, obj in enumerate(objects):
        module = PlacedModule(obj.name, str(obj.path), None, {}, {}, {}, [], {}, [])
        for section in obj.sections.values():
            if (number, section.index) not in group.discarded:
                address = _align(address, section.align)
                module.sections[section.index] = address
                module.sizes[section.index] = section.size
                module.names[section.index] = section.name
                address += section.size
        module.symbols = {name: module.sections[symbol.shndx] + symbol.value
                          for name, symbol in obj.definitions.items()
                          if symbol.shndx in module.sections}
        layout.modules.append(module)
    owner = layout.modules[0]
    for name, (size, align) in group.commons().items():
        address = _align(address, align)
        declarer = next(number for number, obj in enumerate(objects) if name in obj.definitions)
        layout.modules[declarer].symbols[name] = address
        owner.synthetic.append(("COMMON", address, size))
        address += size
    return layout
