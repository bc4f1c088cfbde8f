"""Many networks of one kind trained as one program, each with settings, samples and an order of its own.

Network k of a stack ends with the weights that it would end with alone, to rounding: its draws are a function of its
own seed, and nothing it computes is mixed with the others.
"""
