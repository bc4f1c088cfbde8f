from glia.testing.classical import ClassicalContract


class TestLogisticRegression(ClassicalContract):
    name = "logistic-regression"
    better = 0.5


class TestLogisticRegressionWithChosenLasso(ClassicalContract):
    name, options = "logistic-regression", {"penalty": "l1", "strength": "auto"}


class TestDecisionTree(ClassicalContract):
    name = "decision-tree"


class TestDecisionTreeOfBinaryDigits(ClassicalContract):
    name, options, outputs = "decision-tree", {"classes": "binary-digits"}, 4


class TestRegressionTree(ClassicalContract):
    name, outputs, better = "decision-tree", 1, 0.0  # of 88 patients; R² is 0.30 on ten folds


class TestRandomForest(ClassicalContract):
    name, options, draws = "random-forest", {"trees": 20}, True


class TestRandomForestOfBestTrees(ClassicalContract):
    name, options, draws = "random-forest", {"trees": 20, "best-trees": 7}, True


class TestRegressionForest(ClassicalContract):
    name, options, outputs, draws = "random-forest", {"trees": 20, "best-trees": 15}, 1, True
    better = 0.1


class TestNaiveBayes(ClassicalContract):
    name, better = "naive-bayes", 0.5


class TestNaiveBayesOfBins(ClassicalContract):
    name, options = "naive-bayes", {"numbers": "bins", "classes": "one-vs-all"}


class TestNBTree(ClassicalContract):
    name = "nb-tree"


class TestNearestNeighbours(ClassicalContract):
    name, better = "nearest-neighbours", 0.5


class TestNearestNeighboursByDistance(ClassicalContract):
    name, options = "nearest-neighbours", {"neighbours": 5, "votes": "distance"}


class TestNeighboursOfNumbers(ClassicalContract):
    name, outputs = "nearest-neighbours", 1


class TestGradientBoosting(ClassicalContract):
    name, options = "gradient-boosting", {"trees": 10}


class TestGradientBoostingOneVsAll(ClassicalContract):
    name, options = "gradient-boosting", {"trees": 5, "classes": "one-vs-all"}


class TestGradientBoostingOfNumbers(ClassicalContract):
    name, options, outputs = "gradient-boosting", {"trees": 10}, 1
    better = 0.15
