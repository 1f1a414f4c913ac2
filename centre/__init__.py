"""The directory: everything about a centre that people change while calls go on.

``things`` says what there is and what each kind may have; ``directory`` holds all of it at one
moment, and the steps between two moments; ``directory_faults`` finds what doesn't fit together;
``running`` makes the centre that the controller runs; ``directory_service`` is what pages, API and
command line change it with, and ``authority`` says who may.
"""
