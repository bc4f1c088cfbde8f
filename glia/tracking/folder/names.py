"""Readable names for runs, such as `calm-otter-17`."""

import random

ADJECTIVES = """
able agile airy amber ample azure balmy blithe bold brave breezy bright brisk calm candid cheery clear clever cosy
crisp curious daring deft dewy eager early earnest easy even fair fast fine firm fleet fond free fresh frosty gentle
glad golden grand green happy hardy hazel hearty honest humble icy jolly jovial keen kind lively loyal lucid lucky lunar
mellow merry mild misty modest neat nimble noble novel open patient placid plain polite proud quick quiet rapid ready
robust rosy rustic sage sandy serene sharp shiny silent silver simple sleek smooth snowy solar spry steady still stout
sunny swift tidy tranquil true upbeat vivid warm wild wise witty young zesty
""".split()  # noqa: SIM905 (a list of words reads better without quotes)

NOUNS = """
acorn alder badger bay beaver birch bison bramble breeze brook canyon cedar clover comet condor coral cove crane cricket
dale dawn delta dolphin dune eagle egret elk ember falcon fern finch fjord forest fox gecko glacier glade grove gull
harbor hare hawk heath heron hill ibex iris island ivy jasmine jay kestrel koala lagoon lake lark laurel lemur lichen
lily lynx maple marsh marten meadow mesa mole moss newt oak ocean orchid osprey otter owl panda pebble pine plover pond
poppy puffin quail quartz raven reed reef ridge river robin sable salmon seal shore sparrow spruce squid stone stork
summit swan thistle tide trout tulip valley walnut willow wren yew
""".split()  # noqa: SIM905 (a list of words reads better without quotes)

# The user's seeds neither decide the names of runs nor are used up by them, and forked twins differ.
_SYSTEM = random.SystemRandom()


def readable_name(source: random.Random | None = None) -> str:
    """An adjective, a noun and a number; `source` decides which (the system's randomness by default).

    Example:
        >>> readable_name(random.Random(5))
        'rosy-forest-95'
    """
    source = source or _SYSTEM
    return f"{source.choice(ADJECTIVES)}-{source.choice(NOUNS)}-{source.randint(1, 99)}"
